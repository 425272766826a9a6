package scan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/show"
)

// Policy writes a policy file of what was found: columns that are clear pass, sensitive ones get the mask that fits, with
// the evidence beside it. Those that somebody has to decide about, and those that no mask fits, stand there as comments: a
// policy that does not list a column stops every run until it does.
func Policy(warehouse string, tables []*Table) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Personal data in %s, as a scan found it. Columns without an entry stop a run: where a comment asks for a\n# decision, write an entry in its place. What the scan missed is said to pass below: read that too.\nversion: 1\non_unlisted: error\ntables:\n", show.Safe(warehouse))
	all := Find(tables)
	for i, t := range tables {
		fmt.Fprintf(&b, "  %s:\n", yamlText(t.def.String()))
		found := make(map[string]Finding)
		for _, f := range all[i] {
			found[f.Column.String()] = f
		}
		listed := false
		for _, c := range t.columns {
			f, ok := found[c.Name.String()]
			name := yamlText(c.Name.String())
			says := fmt.Sprintf("%s, 0.%02d: %s", f.Looks, f.Score, strings.Join(f.Evidence, "; "))
			switch {
			case !ok:
				fmt.Fprintf(&b, "    %s: passthrough\n", name)
			case f.Result == Sensitive && f.Use.Transformer != "":
				fmt.Fprintf(&b, "    %s: %s # %s\n", name, YAML(f.Use), says)
			case f.Use.Transformer != "":
				fmt.Fprintf(&b, "    # decide: perhaps %s\n    # %s: %s\n", says, name, YAML(f.Use))
			default:
				fmt.Fprintf(&b, "    # decide: %s. No mask fits %s\n    # %s:\n", says, show.Safe(f.Type.String()), name)
			}
			listed = listed || !ok || f.Result == Sensitive && f.Use.Transformer != ""
		}
		if !listed {
			b.WriteString("    {}\n")
		}
	}
	if len(tables) == 0 {
		b.WriteString("  {}\n")
	}
	return []byte(b.String())
}

// YAML writes a mask as policies have it. A transformer's name goes without quotes, null too.
func YAML(u mask.Use) string {
	if len(u.Options) == 0 && u.Domain == "" && u.Entity == "" {
		return u.Transformer
	}
	parts := []string{"use: " + u.Transformer}
	names := make([]string, 0, len(u.Options))
	for name := range u.Options {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := fmt.Sprint(u.Options[name])
		if s, ok := u.Options[name].(string); ok {
			value = yamlText(s)
		}
		parts = append(parts, name+": "+value)
	}
	if u.Domain != "" {
		parts = append(parts, "domain: "+yamlText(u.Domain))
	}
	if u.Entity != "" {
		parts = append(parts, "entity: "+yamlText(u.Entity))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// plainText is what YAML takes for a text without quotes, whatever it means elsewhere.
var plainText = regexp.MustCompile(`^[a-z_][a-z0-9_]*([.][a-z_][a-z0-9_]*)*$`)

// otherwise are words that some version of YAML takes for something else than a text.
var otherwise = []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

func yamlText(s string) string {
	if plainText.MatchString(s) && !slices.Contains(otherwise, s) {
		return s
	}
	return strconv.Quote(s) // of a name, which is UTF-8, YAML reads it the same
}
