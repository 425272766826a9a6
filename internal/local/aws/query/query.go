// Package query speaks AWS's Query protocol, which STS, IAM and Redshift use, and EC2's dialect of it: form parameters
// in, XML out. It knows
// parameter names and XML envelopes, nothing of what the actions do.
package query

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

// Params are the parameters of a request.
type Params struct {
	values url.Values
	prefix string // of a structure inside the request: "Tags.member.1."
}

// Parse reads a form body.
func Parse(body string) (Params, error) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return Params{}, awserr.New(http.StatusBadRequest, "MalformedQueryString", "The query string is malformed.")
	}
	return Params{values: values}, nil
}

// Of wraps parameters that were parsed before.
func Of(values url.Values) Params { return Params{values: values} }

// Get gives a parameter, "" if it is absent.
func (p Params) Get(name string) string { return p.values.Get(p.prefix + name) }

// Has tells whether the parameter is there, or, of a list or structure, any part of it.
func (p Params) Has(name string) bool {
	name = p.prefix + name
	for key := range p.values {
		if key == name || strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

// Need gives a parameter that must be there.
func (p Params) Need(name string) (string, error) {
	if v := p.Get(name); v != "" {
		return v, nil
	}
	return "", awserr.New(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter %s.", p.prefix+name)
}

// Int gives a number, or fallback if the parameter is absent.
func (p Params) Int(name string, fallback int) (int, error) {
	v := p.Get(name)
	if v == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, awserr.New(http.StatusBadRequest, "MalformedInput", "%s must be a number.", p.prefix+name)
	}
	return n, nil
}

// Bool gives a truth value, false if the parameter is absent.
func (p Params) Bool(name string) (bool, error) {
	switch v := p.Get(name); v {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, awserr.New(http.StatusBadRequest, "MalformedInput", "%s must be true or false.", p.prefix+name)
	}
}

// Strings gives a list of texts, "name.member.1", "name.member.2" and so on in the order of their numbers. member is
// "member" in STS and IAM, and a name of its own for each list in Redshift.
func (p Params) Strings(name, member string) []string {
	var all []string
	for _, item := range p.Structs(name, member) {
		all = append(all, p.values.Get(strings.TrimSuffix(item.prefix, ".")))
	}
	return all
}

// Structs gives a list of structures, each with its own parameters.
func (p Params) Structs(name, member string) []Params { return p.Items(name + "." + member) }

// Texts gives a list of texts as EC2 has them: "name.1", "name.2".
func (p Params) Texts(name string) []string {
	var all []string
	for _, item := range p.Items(name) {
		all = append(all, p.values.Get(strings.TrimSuffix(item.prefix, ".")))
	}
	return all
}

// Items gives a list of structures as EC2 has them: "name.1.Key", "name.2.Key".
func (p Params) Items(name string) []Params {
	prefix := p.prefix + name + "."
	var numbers []int
	for key := range p.values {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(digits); err == nil && strconv.Itoa(n) == digits {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	var all []Params
	for _, n := range slices.Compact(numbers) {
		all = append(all, Params{values: p.values, prefix: prefix + strconv.Itoa(n) + "."})
	}
	return all
}

// Write answers action with result, a struct whose tags name the XML elements, or nil for an action that answers
// nothing but its metadata.
func Write(w http.ResponseWriter, namespace, action, requestID string, result any) error {
	var body strings.Builder
	enc := xml.NewEncoder(&body)
	response := xml.StartElement{
		Name: xml.Name{Local: action + "Response"},
		Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace}},
	}
	if err := enc.EncodeToken(response); err != nil {
		return err
	}
	if result != nil {
		if err := enc.EncodeElement(result, xml.StartElement{Name: xml.Name{Local: action + "Result"}}); err != nil {
			return err
		}
	}
	metadata := struct {
		RequestID string `xml:"RequestId"`
	}{requestID}
	if err := enc.EncodeElement(metadata, xml.StartElement{Name: xml.Name{Local: "ResponseMetadata"}}); err != nil {
		return err
	}
	if err := enc.EncodeToken(response.End()); err != nil {
		return err
	}
	if err := enc.Close(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-Requestid", requestID)
	_, err := w.Write([]byte(body.String()))
	return err
}

// WriteEC2 is Write in EC2's dialect: the result's fields stand in the response itself, after the request's id.
func WriteEC2(w http.ResponseWriter, namespace, action, requestID string, result any) error {
	var body strings.Builder
	err := xml.NewEncoder(&body).EncodeElement(result, xml.StartElement{
		Name: xml.Name{Local: action + "Response"},
		Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace}},
	})
	if err != nil {
		return err
	}
	start, fields, _ := strings.Cut(body.String(), ">")
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.Header().Set("X-Amzn-Requestid", requestID)
	_, err = w.Write([]byte(start + "><requestId>" + requestID + "</requestId>" + fields))
	return err
}

// Only refuses parameters that an action does not imitate, by name: dropping one in silence could drop the caller's
// meaning with it. names are those of whole parameters, without list numbers or members.
func (p Params) Only(service, action string, names ...string) error {
	for _, key := range slices.Sorted(maps.Keys(p.values)) {
		name, _, _ := strings.Cut(key, ".")
		if name == "Action" || name == "Version" || strings.HasPrefix(name, "X-Amz-") || slices.Contains(names, name) {
			continue
		}
		return awserr.NotImitated("the parameter " + name + " of " + service + ":" + action)
	}
	return nil
}
