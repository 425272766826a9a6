package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// MaxBytes bounds what Parse reads; no AWS service takes a longer document (KMS key policies are the longest).
const MaxBytes = 32 << 10

// maxDepth bounds nesting: a policy needs five levels.
const maxDepth = 16

// Error says why a document is not a policy, in the words AWS uses where they are known. Services put their own code on
// it: MalformedPolicyDocument (IAM, STS), MalformedPolicyDocumentException (KMS), MalformedPolicy (S3).
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

func malformed(format string, args ...any) *Error {
	return &Error{Message: fmt.Sprintf(format, args...)}
}

var errSyntax = malformed("Syntax errors in policy.")

// Parse reads a policy document. It takes every kind of policy; Check says whether it fits a certain use. The error is
// an *Error.
func Parse(data []byte) (*Document, error) {
	if len(data) > MaxBytes {
		return nil, malformed("The policy is longer than %d bytes.", MaxBytes)
	}
	root, err := readJSON(data)
	if err != nil {
		return nil, err
	}
	d := &Document{text: string(data), version: version2008}
	fields, ok := root.(object)
	if !ok {
		return nil, errSyntax
	}
	// Version first: it decides how the statements read.
	for _, f := range fields {
		if f.name != "Version" {
			continue
		}
		v, ok := f.value.(string)
		if !ok || v != version2008 && v != version2012 {
			return nil, malformed("Policy document must be version 2012-10-17 or greater.")
		}
		d.version = v
	}
	for _, f := range fields {
		switch f.name {
		case "Version":
		case "Id":
			if _, ok := f.value.(string); !ok {
				return nil, errSyntax
			}
		case "Statement":
			if d.statements, err = d.parseStatements(f.value); err != nil {
				return nil, err
			}
		default:
			return nil, errSyntax
		}
	}
	if len(d.statements) == 0 {
		return nil, errSyntax
	}
	return d, nil
}

func (d *Document) parseStatements(v any) ([]statement, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v} // one statement may stand alone
	}
	var all []statement
	sids := map[string]bool{}
	for _, item := range list {
		fields, ok := item.(object)
		if !ok {
			return nil, errSyntax
		}
		s, err := d.parseStatement(fields)
		if err != nil {
			return nil, err
		}
		if s.sid != "" && sids[s.sid] {
			return nil, malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		sids[s.sid] = true
		all = append(all, s)
	}
	return all, nil
}

func (d *Document) parseStatement(fields object) (statement, error) {
	var (
		s   statement
		err error
	)
	seen := map[string]bool{}
	for _, f := range fields {
		seen[f.name] = true
		switch f.name {
		case "Sid":
			sid, ok := f.value.(string)
			if !ok {
				return s, errSyntax
			}
			s.sid = sid
		case "Effect":
			switch f.value {
			case "Allow":
			case "Deny":
				s.deny = true
			default:
				return s, errSyntax
			}
		case "Principal":
			s.principal, err = parsePrincipals(f.value)
		case "NotPrincipal":
			s.exempt, err = parsePrincipals(f.value)
		case "Action", "NotAction":
			s.notActions = f.name == "NotAction"
			s.actions, err = parseActions(f.value)
		case "Resource", "NotResource":
			s.notResource = f.name == "NotResource"
			s.resources, err = d.parseResources(f.value)
		case "Condition":
			s.conditions, err = d.parseConditions(f.value)
		default:
			return s, errSyntax
		}
		if err != nil {
			return s, err
		}
	}
	switch {
	case !seen["Effect"]:
		return s, malformed("Missing required field Effect")
	case !seen["Action"] && !seen["NotAction"]:
		return s, malformed("Policy statement must contain actions.")
	case seen["Action"] && seen["NotAction"], seen["Resource"] && seen["NotResource"], seen["Principal"] && seen["NotPrincipal"]:
		return s, errSyntax
	case seen["NotPrincipal"] && !s.deny:
		// The manual, IAM JSON policy elements: NotPrincipal: it "must be used with Effect: Deny".
		return s, malformed("NotPrincipal must be used with Deny.")
	}
	return s, nil
}

func parseActions(v any) ([]action, error) {
	texts, err := stringList(v)
	if err != nil {
		return nil, err
	}
	all := make([]action, 0, len(texts))
	for _, text := range texts {
		vendor, _, found := strings.Cut(text, ":")
		if text != "*" && (!found || vendor == "") {
			return nil, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		}
		if text != "*" && strings.ContainsAny(vendor, "*? ") {
			return nil, malformed("Vendor %s is not valid", vendor)
		}
		all = append(all, action{text: text, glob: globOf(strings.ToLower(text))})
	}
	return all, nil
}

func (d *Document) parseResources(v any) ([]resource, error) {
	texts, err := stringList(v)
	if err != nil {
		return nil, err
	}
	all := make([]resource, 0, len(texts))
	for _, text := range texts {
		r, err := parseResource(text, d.version)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

var (
	accountID    = regexp.MustCompile(`^[0-9]{12}$`)
	principalARN = regexp.MustCompile(`^arn:aws:(iam::[0-9]{12}:(root|user/[^*?]+|role/[^*?]+)|sts::[0-9]{12}:(assumed-role|federated-user)/[^*?]+)$`)
	serviceName  = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$`)
)

func parsePrincipals(v any) (*principals, error) {
	p := &principals{}
	if v == "*" {
		p.everyone = true
		return p, nil
	}
	kinds, ok := v.(object)
	if !ok || len(kinds) == 0 {
		return nil, errSyntax
	}
	for _, kind := range kinds {
		texts, err := stringList(kind.value)
		if err != nil {
			return nil, err
		}
		for _, text := range texts {
			switch {
			case kind.name == "AWS" && text == "*":
				p.everyone = true
			case kind.name == "AWS" && accountID.MatchString(text):
				p.aws = append(p.aws, RootARN(text))
			case kind.name == "AWS" && principalARN.MatchString(text):
				p.aws = append(p.aws, text)
			case kind.name == "Service" && serviceName.MatchString(text):
				p.services = append(p.services, text)
			case kind.name == "Federated" && text != "" && !strings.ContainsAny(text, "*?"):
				p.federated = append(p.federated, text)
			case kind.name == "CanonicalUser":
				return nil, malformed("Principal CanonicalUser is not imitated, see docs/standin.md")
			case kind.name != "AWS" && kind.name != "Service" && kind.name != "Federated":
				return nil, errSyntax
			default:
				return nil, malformed("Invalid principal in policy: %q:%q", kind.name, text)
			}
		}
	}
	return p, nil
}

func (d *Document) parseConditions(v any) ([]condition, error) {
	operators, ok := v.(object)
	if !ok {
		return nil, errSyntax
	}
	var all []condition
	for _, op := range operators {
		keys, ok := op.value.(object)
		if !ok {
			return nil, errSyntax
		}
		for _, key := range keys {
			values, err := scalarList(key.value)
			if err != nil {
				return nil, err
			}
			c, err := parseCondition(op.name, key.name, values, d.version)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// stringList reads a string or a list of strings.
func stringList(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case []any:
		all := make([]string, 0, len(v))
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return nil, errSyntax
			}
			all = append(all, s)
		}
		if len(all) == 0 {
			return nil, errSyntax
		}
		return all, nil
	default:
		return nil, errSyntax
	}
}

// scalarList reads the values of a condition, where numbers and booleans may stand bare.
func scalarList(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	all := make([]string, 0, len(list))
	for _, item := range list {
		switch item := item.(type) {
		case string:
			all = append(all, item)
		case json.Number:
			all = append(all, item.String())
		case bool:
			all = append(all, fmt.Sprint(item))
		default:
			return nil, errSyntax
		}
	}
	return all, nil
}

// object keeps the order of a JSON object and has no name twice: encoding/json's maps let the second of two keys win in
// silence, and a policy with two Condition blocks must not lose one.
type object []field

type field struct {
	name  string
	value any
}

func readJSON(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := readValue(dec, 0)
	if err != nil {
		return nil, errSyntax
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errSyntax
	}
	return v, nil
}

func readValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errSyntax
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('{'):
		obj := object{}
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			value, err := readValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(obj, func(f field) bool { return f.name == name }) {
				return nil, errSyntax
			}
			obj = append(obj, field{name.(string), value})
		}
		_, err = dec.Token()
		return obj, err
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			value, err := readValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = dec.Token()
		return list, err
	default:
		return tok, nil
	}
}
