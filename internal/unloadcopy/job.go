package unloadcopy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// Switches are what the utility's command line says.
type Switches struct {
	Region    string // of KMS, and of a configuration in S3
	TableName string
	KMSKey    string // DefaultKey if nobody says otherwise

	TableAutoCreate, TableForceDropCreate, SchemaAutoCreate, DatabaseAutoCreate bool
}

// DefaultKey is the alias under which the utility had its key.
const DefaultKey = "alias/RedshiftUnloadCopyUtility"

// Job is the job that a configuration stands for. notes say what became of what has no place in one.
func (c *Config) Job(s Switches) (j *job.Job, notes []string, err error) {
	notes = slices.Clone(c.Notes)
	if c.Staging.Role == "" {
		why := "s3Staging.aws_iam_role is missing"
		if c.Staging.HasKeys {
			why = "s3Staging has access keys in place of a role; they would stand in the text of every COPY and UNLOAD, and in the warehouse's logs of them"
		}
		return nil, nil, hint.With(errors.New(why),
			"attach a role that reads and writes "+c.Staging.Path+" to both warehouses, and name it: s3Staging.aws_iam_role")
	}
	if c.Staging.HasKeys {
		notes = append(notes, "s3Staging: the access keys are not used; there is a role")
	}
	j = &job.Job{Version: 1, Stage: job.Stage{
		URL: strings.TrimSuffix(c.Staging.Path, "/"), Region: cmp.Or(c.Staging.Region, s.Region), KMSKey: cmp.Or(s.KMSKey, DefaultKey), Format: "auto", Keep: "never", Layout: "dated",
	}}
	if !c.Staging.DeleteOnSuccess {
		j.Stage.Keep = "always"
	}
	j.Defaults = job.Defaults{Mode: "append", Verify: "digest", Unmatched: "error"}
	if s.TableForceDropCreate {
		j.Defaults.Mode = "replace"
	}
	j.Concurrency = job.Concurrency{Unload: 8, Copy: 8}
	if j.Source, err = c.Source.warehouse(c.Staging.Role, s.Region); err != nil {
		return nil, nil, fmt.Errorf("unloadSource: %w", err)
	}
	if j.Target, err = c.Target.warehouse(c.Staging.Role, s.Region); err != nil {
		return nil, nil, fmt.Errorf("copyTarget: %w", err)
	}
	more, err := c.tables(j, s.TableName)
	return j, append(notes, more...), err
}

// endpoint is a provisioned cluster's: NAME.HASH.REGION.redshift.amazonaws.com.
var endpoint = regexp.MustCompile(`^([a-z][a-z0-9-]*)\.[a-z0-9]+\.([a-z]{2}(?:-[a-z]+)+-[0-9]+)\.redshift\.amazonaws\.com(?:\.cn)?$`)

// warehouse is where a side is and how to get in: by the password, which KMS decrypts, or by temporary credentials of the
// user on the cluster that the endpoint names.
func (s Side) warehouse(role, region string) (job.Warehouse, error) {
	w := job.Warehouse{Port: s.Port, Region: region, Database: s.Database, User: s.User, S3Role: role}
	if s.User == "" {
		return w, errors.New("connectUser is missing")
	}
	at := endpoint.FindStringSubmatch(s.Endpoint)
	if at != nil {
		w.Region = at[2]
	}
	if s.Password == "" {
		if at == nil {
			return w, hint.With(fmt.Errorf("without connectPwd, temporary credentials are asked for, and %q does not say of which cluster", s.Endpoint),
				"clusterEndpoint as the console shows it: NAME.HASH.REGION.redshift.amazonaws.com; or connectPwd")
		}
		w.Cluster, w.Auth, w.Port = at[1], "iam", defaultPort // the port is looked up with the address
		return w, nil
	}
	if region != "" && w.Region != region {
		return w, hint.With(fmt.Errorf("connectPwd is a ciphertext of region %s, and the warehouse is in %s", region, w.Region),
			"encrypt it once more under a key of the warehouse's region (sealift secret encrypt --region "+w.Region+"), or leave it out: temporary credentials are asked for then")
	}
	w.Host, w.Auth, w.PasswordFrom = s.Endpoint, "password", "kms:"+strings.Join(strings.Fields(s.Password), "")
	return w, nil
}

// tables pairs the tables of both sides.
func (c *Config) tables(j *job.Job, name string) (notes []string, err error) {
	source, target := c.Source.Tables, c.Target.Tables
	if name != "" {
		source, target = []string{name}, []string{name}
	}
	if len(source) == 0 {
		return nil, hint.With(errors.New("no table is named"), "unloadSource.tableName or tableNames, or --table-name")
	}
	if len(target) == 0 && len(source) == 1 {
		target = source // as the utility has it: what copyTarget does not say is as in unloadSource
	}
	if len(source) != len(target) {
		return nil, fmt.Errorf("unloadSource names %d tables, copyTarget %d; tableNames must be of one length", len(source), len(target))
	}
	if c.Source.Schema == "" {
		return nil, errors.New("unloadSource.schemaName is missing")
	}
	schema := cmp.Or(c.Target.Schema, c.Source.Schema)
	columns, query, err := c.columns()
	if err != nil {
		return nil, err
	}
	for i := range source {
		t := job.Table{As: named(schema) + "." + named(target[i])}
		from := named(c.Source.Schema) + "." + named(source[i])
		switch {
		case c.Source.UnloadStatement != "":
			if t.Query, err = c.Source.query(source[i], query); err != nil {
				return nil, hint.With(fmt.Errorf("unloadSource.unloadStatement: %w", err), "write the job by hand, with a query: sealift unload-copy CONFIG --print-job shows what it would be without unloadStatement")
			}
			notes = append(notes, fmt.Sprintf("%s.%s: unloadStatement becomes a query, whose rows are staged under SSE-KMS: %s", c.Source.Schema, source[i], strings.Join(strings.Fields(t.Query), " ")))
		case query != "":
			t.Query = "SELECT " + query + " FROM " + from
		default:
			t.Select, t.Columns = job.Pattern{Text: from}, columns
		}
		j.Tables = append(j.Tables, t)
	}
	if c.Target.ExplicitIDs && j.Defaults.Mode == "append" {
		notes = append(notes, "copyTarget.explicit_ids: ids are kept in tables that are made new; a table that is there with an IDENTITY column is refused, because its next id would not be safe")
	}
	return notes, nil
}

// simple is a name that needs no quotes.
var simple = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*$`)

// named writes a name as a job has it.
func named(name string) string {
	if simple.MatchString(name) {
		return strings.ToLower(name)
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// columns answers names where both sides name the same ones, or else what a query selects, under the target's names.
func (c *Config) columns() (names []string, query string, err error) {
	source, target := split(c.Source.Columns), split(c.Target.Columns)
	switch {
	case len(target) == 0 && len(source) == 0:
		return nil, "", nil
	case len(source) == 0:
		return nil, "", errors.New("copyTarget.columns needs unloadSource.columns: what the rows have is not known by name else")
	case len(target) == 0:
		target = source
	case len(target) != len(source):
		return nil, "", fmt.Errorf("unloadSource.columns are %d, copyTarget.columns %d", len(source), len(target))
	}
	same := true
	var selected []string
	for i, from := range source {
		to := target[i]
		switch {
		case simple.MatchString(from) && strings.EqualFold(from, to):
			selected = append(selected, from)
		case simple.MatchString(to):
			same = false
			selected = append(selected, from+" AS "+strings.ToLower(to))
		case strings.Contains(strings.ToLower(to), " as "):
			same = false
			selected = append(selected, from)
		default:
			return nil, "", fmt.Errorf("unloadSource.columns: %s needs a name: copyTarget.columns, or AS", from)
		}
	}
	if same {
		return source, "", nil
	}
	return nil, strings.Join(selected, ", "), nil
}

// split cuts a list at the commas that are in no parentheses and no quotes.
func split(list string) []string {
	var parts []string
	depth, start := 0, 0
	quote := rune(0)
	for i, r := range list {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			parts, start = append(parts, strings.TrimSpace(list[start:i])), i+1
		}
	}
	if last := strings.TrimSpace(list[start:]); last != "" || len(parts) > 0 {
		parts = append(parts, last)
	}
	return parts
}

// MayCreateDatabase tells whether a database may be made that is not there: only with all that is missing in it then.
func (s Switches) MayCreateDatabase(name string) error {
	if !s.SchemaAutoCreate || !s.TableAutoCreate {
		return hint.With(fmt.Errorf("database %s is not in the target, and so is nothing in it", name),
			"have all of it made: --destination-database-auto-create --destination-schema-auto-create --destination-table-auto-create")
	}
	return nil
}

// Check holds a plan against what the switches let be made: before any data moves.
func Check(p *plan.Plan, s Switches) error {
	var missing []string
	for _, step := range p.Prologue {
		if schema, ok := strings.CutPrefix(step.ID, "schema/"); ok && !s.SchemaAutoCreate {
			missing = append(missing, schema)
		}
	}
	if len(missing) > 0 {
		return hint.With(fmt.Errorf("not in the target: schema %s", strings.Join(missing, ", ")), "create it, or have it made: --destination-schema-auto-create")
	}
	for _, t := range p.Tables {
		if t.Method == plan.Create && !s.TableAutoCreate && !s.TableForceDropCreate {
			missing = append(missing, t.Target)
		}
	}
	if len(missing) > 0 {
		return hint.With(fmt.Errorf("not in the target: %s", strings.Join(missing, ", ")), "create it, or have it made like the source's: --destination-table-auto-create")
	}
	return nil
}
