package job

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// secretKeys are names under which people write secrets. None of them is a key of the job file.
var secretKeys = map[string]string{
	"password": passwordHint, "pass": passwordHint, "passwd": passwordHint, "pwd": passwordHint,
	"secret": accessHint, "secret_key": accessHint, "secret_access_key": accessHint, "aws_secret_access_key": accessHint,
	"access_key": accessHint, "access_key_id": accessHint, "aws_access_key_id": accessHint,
	"token": accessHint, "session_token": accessHint, "aws_session_token": accessHint, "credentials": accessHint,
	"master_symmetric_key": "a key in the file; staged data is encrypted under a KMS key: stage.kms_key",
}

const (
	passwordHint = "a password in the file; name where it lives instead: password_from: env:PGPASSWORD"
	accessHint   = "a secret in the file; Sealift takes AWS credentials from the environment, the profile or the machine's role"
)

// notYet are keys that the format has a meaning for and this version cannot honour. Each is refused: moving a table
// without the mask that the job asks for would be worse than not moving it.
var notYet = map[string]string{
	"on_difference": "settling differences of definitions",
}

// unknown reports a key that does not belong where it is, and answers the one that was probably meant. The value is never
// repeated.
func (p *parser) unknown(key *yaml.Node, path string, fields map[string]reflect.StructField) (meant string) {
	at, name := shorten(join(path, key.Value)), strings.ToLower(key.Value)
	if hint, ok := secretKeys[strings.ReplaceAll(name, "-", "_")]; ok {
		p.mistake(pos(key), at, "%s", hint)
		return ""
	}
	if what, ok := notYet[name]; ok {
		p.mistake(pos(key), at, "%s is not built yet in this version", what)
		return ""
	}
	msg := "unknown key"
	if len(p.mistakes) > 100 {
		// Nobody reads on, and a file made of nothing but keys would take long.
	} else if meant = nearest(name, fields); meant != "" {
		msg += fmt.Sprintf("; did you mean %s?", meant)
	} else if where := sectionsWith(name); len(where) > 0 {
		msg += "; it belongs under " + strings.Join(where, " or ")
	}
	p.mistake(pos(key), at, "%s", msg)
	return meant
}

// sectionsWith are the sections that do know a key.
func sectionsWith(name string) []string {
	var found []string
	root := reflect.TypeFor[Job]()
	if _, ok := fieldsOf(root)[name]; ok {
		return []string{"no other key"}
	}
	for f := range root.Fields() {
		section := f.Type
		if section.Kind() == reflect.Slice {
			section = section.Elem()
		}
		if section.Kind() != reflect.Struct {
			continue
		}
		if _, ok := fieldsOf(section)[name]; ok {
			found = append(found, f.Tag.Get("yaml"))
		}
	}
	return found
}

// nearest is the known key that takes the fewest slips of the finger to get from, if those are few.
func nearest(name string, fields map[string]reflect.StructField) string {
	best, fewest := "", 1+min(2, (len(name)+1)/3)
	known := make([]string, 0, len(fields))
	for k := range fields {
		known = append(known, k)
	}
	slices.Sort(known)
	for _, k := range known {
		if d := len(name) - len(k); d >= fewest || -d >= fewest {
			continue
		}
		if d := slips(name, k); d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// slips counts how many letters must be added, removed, replaced or exchanged with their neighbour to make b of a (the
// optimal string alignment distance).
func slips(a, b string) int {
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
