package check

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/setup"
)

// Lack is what may be missing in AWS where something was refused. Of refusals AWS does not always say which of several policies
// is short: all that would have to allow it are named.
type Lack struct {
	Who     permission.Who // whose own policy needs these actions
	Actions []string
	Trust   string // ARN of a role that does not trust whoever takes it
	Stage   bool   // what the policies of bucket and key say of Who
	Refusal bool   // what the bucket's policy refuses
}

// Policy is what a policy needs.
type Policy struct {
	Kind string `json:"kind"` // identity, trust, bucket or key: whose policy it is
	To   string `json:"to"`   // ARN of the role, user, bucket or key
	// Document is a policy with these statements alone, as AWS takes it.
	Document   json.RawMessage `json:"document"`
	statements []permission.Statement
}

// Fill writes down the policies for what results lack, as setup writes them.
func Fill(results []Result, needs *setup.Setup) {
	for i := range results {
		r := &results[i]
		if r.State != Missing {
			continue
		}
		for _, l := range r.Lacks {
			var own []permission.Statement
			for _, action := range l.Actions {
				for _, s := range needs.List.Lacking(l.Who, action) {
					if !slices.ContainsFunc(own, func(o permission.Statement) bool { return o.Sid == s.Sid }) {
						own = append(own, s)
					}
				}
			}
			r.need("identity", needs.List.As(l.Who), own)
			if role, ok := needs.List.Role(l.Trust); ok {
				r.need("trust", l.Trust, role.Trust)
			}
			if needs.Bucket == nil || needs.Key == nil {
				continue
			}
			bucket, arn := "arn:"+needs.List.Partition+":s3:::"+needs.Bucket.Name, needs.List.As(l.Who)
			if l.Refusal {
				r.need("bucket", bucket, slices.DeleteFunc(slices.Clone(needs.Bucket.Policy), func(s permission.Statement) bool {
					return !s.Deny || !slices.Equal(s.Actions, []string{"s3:PutObject"})
				}))
			}
			if l.Stage {
				r.need("bucket", bucket, about(arn, needs.Bucket.Policy))
				r.need("key", needs.List.Stage.KeyARN, about(arn, needs.Key.Policy))
			}
		}
	}
}

// about are the statements that let somebody do something.
func about(arn string, all []permission.Statement) []permission.Statement {
	return slices.DeleteFunc(slices.Clone(all), func(s permission.Statement) bool {
		return s.Deny || !slices.ContainsFunc(s.Conditions, func(c permission.Condition) bool { return slices.Contains(c.Values, arn) })
	})
}

func (r *Result) need(kind, to string, all []permission.Statement) {
	if len(all) > 0 && to != "" {
		r.Policies = append(r.Policies, Policy{Kind: kind, To: to, Document: json.RawMessage(permission.Document(all)), statements: all})
	}
}

// Brief names what a policy needs on one line.
func (p Policy) Brief() string {
	var actions []string
	for _, s := range p.statements {
		if p.Kind != "identity" {
			actions = append(actions, s.Sid)
			continue
		}
		actions = append(actions, s.Actions...)
	}
	slices.Sort(actions)
	words := strings.Join(slices.Compact(actions), ", ")
	if p.Kind == "identity" {
		return words + " for " + p.To
	}
	return kinds[p.Kind] + " " + p.To + ": " + words
}
