package setup

import (
	"encoding/json"
	"strings"

	"github.com/sealift/sealift/internal/permission"
)

// JSON writes all documents, with why each statement is there.
func (s *Setup) JSON() (string, error) {
	type reason struct {
		Sid        string   `json:"sid"`
		Why        string   `json:"why"`
		Commands   []string `json:"commands,omitempty"`
		Promise    string   `json:"promise,omitempty"`
		Wide       string   `json:"wide,omitempty"`
		Documented string   `json:"documented,omitempty"`
	}
	type document struct {
		Account   string            `json:"account"`
		Kind      string            `json:"kind"`
		Name      string            `json:"name"`
		ARN       string            `json:"arn,omitempty"`
		Trust     json.RawMessage   `json:"trust,omitempty"`
		Policy    json.RawMessage   `json:"policy,omitempty"`
		Lifecycle *lifecycleJSON    `json:"lifecycle,omitempty"`
		Attach    []string          `json:"attach,omitempty"`
		Settings  map[string]string `json:"settings,omitempty"`
		Why       []reason          `json:"why,omitempty"`
	}
	why := func(all ...permission.Statement) []reason {
		var out []reason
		for _, t := range all {
			out = append(out, reason{t.Sid, t.Why, t.Commands, t.Promise, t.Wide, t.Documented})
		}
		return out
	}
	raw := func(all []permission.Statement) json.RawMessage {
		if len(all) == 0 {
			return nil
		}
		return json.RawMessage(permission.Document(all))
	}
	out := struct {
		Version   int        `json:"version"`
		For       For        `json:"for"`
		Documents []document `json:"documents"`
	}{1, s.For, []document{}}
	add := func(d document) { out.Documents = append(out.Documents, d) }
	if k := s.Key; k != nil {
		add(document{Account: k.Account, Kind: "key", Name: k.Alias, ARN: k.ARN, Policy: raw(k.Policy), Why: why(k.Policy...), Settings: map[string]string{"rotation": "yearly"}})
	}
	if b := s.Bucket; b != nil {
		l := b.lifecycleJSON()
		add(document{
			Account: b.Account, Kind: "bucket", Name: b.Name, Policy: raw(b.Policy), Why: why(b.Policy...), Lifecycle: &l,
			Settings: map[string]string{"region": b.Region, "ownership": ownerEnforced, "public_access": "blocked", "encryption": "aws:kms, bucket key"},
		})
	}
	for _, p := range s.Provider {
		add(document{Account: p.Account, Kind: "identity provider", Name: p.Issuer, Settings: map[string]string{"audience": p.Audience}})
	}
	for _, r := range s.Roles {
		kind := "role"
		if r.IsUser() {
			kind = "user"
		}
		d := document{Account: r.Account(), Kind: kind, Name: r.Name(), ARN: r.ARN, Trust: raw(r.Trust), Policy: raw(r.Statements), Why: why(append(append([]permission.Statement{}, r.Trust...), r.Statements...)...)}
		for _, w := range r.Attach {
			d.Attach = append(d.Attach, strings.TrimSpace(w.Side+" "+w.Spec.Cluster+w.Spec.Workgroup))
		}
		add(d)
	}
	text, err := json.MarshalIndent(out, "", "  ")
	return string(text) + "\n", err
}

const ownerEnforced = "BucketOwnerEnforced"

// lifecycleJSON is a lifecycle as the API of S3 has it.
type lifecycleJSON struct {
	Rules []ruleJSON
}

type ruleJSON struct {
	ID     string
	Status string
	Filter struct {
		Prefix string
	}
	Expiration                     *daysJSON      `json:",omitempty"`
	NoncurrentVersionExpiration    *noncurrentDay `json:",omitempty"`
	AbortIncompleteMultipartUpload *abortJSON     `json:",omitempty"`
}

type (
	daysJSON      struct{ Days int }
	noncurrentDay struct{ NoncurrentDays int }
	abortJSON     struct{ DaysAfterInitiation int }
)

func (b *Bucket) lifecycleJSON() lifecycleJSON {
	var out lifecycleJSON
	for _, r := range b.Lifecycle {
		one := ruleJSON{ID: r.ID, Status: "Enabled"}
		one.Filter.Prefix = r.Prefix
		if r.Days > 0 {
			one.Expiration = &daysJSON{r.Days}
		}
		if r.Old > 0 {
			one.NoncurrentVersionExpiration = &noncurrentDay{r.Old}
		}
		if r.Abort > 0 {
			one.AbortIncompleteMultipartUpload = &abortJSON{r.Abort}
		}
		out.Rules = append(out.Rules, one)
	}
	return out
}
