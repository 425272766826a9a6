// Package permission is the one list of what Sealift uses of AWS: which action, on which resource, under which conditions, who
// needs it, for which commands, and which promise hangs on it. What setup generates, what check misses and what the manual says all
// come from here, and a test holds it against what runs really use.
//
// Start from Of, which reads a job; List.Of and List.Lacking answer who needs what. The package is pure: it asks nobody.
package permission

//go:generate go run ../tools/permissiondoc -proof ../../testdata/permissions -docs ../../docs

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Who needs a permission. A role of the job may be several of them.
type Who string

// The parts that somebody plays in a job. A hop is a role of a chain that only takes the next one.
const (
	Loader       Who = "loader"        // who runs Sealift, before it takes any role
	SourceHop    Who = "source hop"    // roles of source.assume_role but the last
	Source       Who = "source"        // who looks the source up and logs in: source.assume_role, or the loader
	TargetHop    Who = "target hop"    // as for the source
	Target       Who = "target"        // as for the source
	UnloadHop    Who = "unload hop"    // roles of source.s3_role but the last; the first is attached to the source
	Unload       Who = "unload"        // as what UNLOAD writes: the last of source.s3_role
	CopyHop      Who = "copy hop"      // as for UNLOAD, of the target
	Copy         Who = "copy"          // as what COPY reads: the last of target.s3_role
	SourceCloser Who = "source closer" // under which a schedule closes the source's door
	TargetCloser Who = "target closer" // as for the source
)

// StageKey stands where the ARN of the stage's key goes while the key is not known by one: an alias is no resource of a policy
// (KMS developer guide, alias-about).
const StageKey = "${StageKeyArn}"

// Statement is what is allowed, and why. It becomes one statement of a policy.
type Statement struct {
	Sid        string // unique among the statements of its policy
	Who        Who
	Deny       bool
	Principals []Principal // of what stands at the resource; none in the policy of a role
	Actions    []string
	Resources  []string
	Conditions []Condition
	Commands   []string // that fail without it
	Why        string   // what it is used for
	Promise    string   // which hangs on it, in the words of the README
	// Wide says why a resource is wider than one would wish, where it is.
	Wide string
	// AnyKey says that it is about whatever key objects in S3 are under, which may be the stage's.
	AnyKey bool
	// Documented is the manual's page that asks for it where no run on the stand-in does.
	Documented string
}

// Condition is one operator on one key of a statement.
type Condition struct {
	Operator, Key string
	Values        []string
}

// Family is the statement's name without what tells those of one kind apart: the side, and a number.
func (s Statement) Family() string {
	name := strings.TrimRight(s.Sid, "23456789")
	if trimmed := strings.TrimSuffix(strings.TrimSuffix(name, "Source"), "Target"); trimmed != "" {
		return trimmed
	}
	return "Warehouse" // the trust of what is attached to one
}

// Principal is whom a policy of a resource, or the trust of a role, speaks of: AWS (the root of an account, within which
// conditions name who), Service, Federated, or * for everybody, in what denies.
type Principal struct {
	Kind   string
	Values []string
}

// Role is a principal of the job, and all it needs. Each is there once, whatever it is used for.
type Role struct {
	ARN        string // of a role; of a user where the loader is one
	Who        []Who
	Trust      []Statement // who may take it
	Statements []Statement
}

// Name is the last part of the ARN.
func (r Role) Name() string { return r.ARN[strings.LastIndexByte(r.ARN, '/')+1:] }

// Path is what stands before the name, "/" for nothing.
func (r Role) Path() string {
	_, path, _ := strings.Cut(Resource(r.ARN), "/")
	return "/" + path[:len(path)-len(r.Name())]
}

// Account that the role belongs to.
func (r Role) Account() string { return Account(r.ARN) }

// IsUser tells that it is not a role.
func (r Role) IsUser() bool { return strings.HasPrefix(Resource(r.ARN), "user/") }

// Is tells whether it plays a part.
func (r Role) Is(who Who) bool { return slices.Contains(r.Who, who) }

// Account is that of an ARN.
func Account(arn string) string { return field(arn, 4) }

// Resource is the last field of an ARN.
func Resource(arn string) string { return field(arn, 5) }

func field(arn string, n int) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[n]
	}
	return ""
}

// Role finds one by its ARN.
func (l *List) Role(arn string) (Role, bool) {
	i := slices.IndexFunc(l.Roles, func(r Role) bool { return r.ARN == arn })
	if i < 0 {
		return Role{}, false
	}
	return l.Roles[i], true
}

// Of lists what somebody needs in one of its parts.
func (l *List) Of(who Who) []Statement {
	var all []Statement
	for _, r := range l.Roles {
		for _, s := range r.Statements {
			if s.Who == who {
				all = append(all, s)
			}
		}
	}
	return all
}

// Lacking is the grant to write where an action was refused: the statements that allow it to whoever plays the part. Nothing
// is answered for an action that Sealift does not use there.
func (l *List) Lacking(who Who, action string) []Statement {
	return slices.DeleteFunc(l.Of(who), func(s Statement) bool { return !slices.Contains(s.Actions, action) })
}

// As answers the ARN of whoever plays a part, "" for nobody.
func (l *List) As(who Who) string {
	for _, r := range l.Roles {
		if r.Is(who) {
			return r.ARN
		}
	}
	return ""
}

// Document is a policy of these statements, as AWS takes it, indented.
func Document(all []Statement) string {
	text, err := json.MarshalIndent(Object{{"Version", "2012-10-17"}, {"Statement", objects(all)}}, "", "  ")
	if err != nil {
		panic("permission: " + err.Error()) // texts and lists of texts
	}
	return string(text)
}

func objects(all []Statement) []Object {
	out := make([]Object, len(all))
	for i, s := range all {
		out[i] = s.Object()
	}
	return out
}

// Object is the statement as it stands in a policy, its members in the usual order.
func (s Statement) Object() Object {
	effect := "Allow"
	if s.Deny {
		effect = "Deny"
	}
	out := Object{{"Sid", s.Sid}, {"Effect", effect}}
	var who Object
	for _, p := range s.Principals {
		if p.Kind == "*" {
			out = append(out, Member{"Principal", "*"})
			continue
		}
		who = append(who, Member{p.Kind, p.Values})
	}
	if len(who) > 0 {
		out = append(out, Member{"Principal", who})
	}
	out = append(out, Member{"Action", s.Actions})
	if len(s.Resources) > 0 {
		out = append(out, Member{"Resource", s.Resources})
	}
	var conditions Object
	for _, c := range s.Conditions {
		i := slices.IndexFunc(conditions, func(m Member) bool { return m.Name == c.Operator })
		if i < 0 {
			i = len(conditions)
			conditions = append(conditions, Member{c.Operator, Object(nil)})
		}
		keys, _ := conditions[i].Value.(Object)
		conditions[i].Value = append(keys, Member{c.Key, c.Values})
	}
	if len(conditions) > 0 {
		out = append(out, Member{"Condition", conditions})
	}
	return out
}

// Object is a JSON object whose members keep their order. A list of one text is written as that text.
type Object []Member

// Member of an Object.
type Member struct {
	Name  string
	Value any
}

// MarshalJSON writes the members in their order.
func (o Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.Name)
		if err != nil {
			return nil, err
		}
		if list, ok := m.Value.([]string); ok && len(list) == 1 {
			m.Value = list[0]
		}
		value, err := json.Marshal(m.Value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
