package sigv4

import (
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// credential is KEY/DATE/REGION/SERVICE/aws4_request.
type credential struct {
	key, date, region, service string
}

func (c credential) scope() string {
	return strings.Join([]string{c.date, c.region, c.service, terminator}, "/")
}

var errCredential = errors.New("the credential is not KEY/DATE/REGION/SERVICE/aws4_request")

func parseCredential(text string) (credential, error) {
	// Access keys of other makers may contain slashes; AWS's do not, and neither do ours.
	parts := strings.Split(text, "/")
	if len(parts) != 5 || parts[4] != terminator {
		return credential{}, errCredential
	}
	if slices.Contains(parts, "") {
		return credential{}, errCredential
	}
	if _, err := time.Parse("20060102", parts[1]); err != nil {
		return credential{}, errCredential
	}
	return credential{parts[0], parts[1], parts[2], parts[3]}, nil
}

// signature is what a request says about its own signing.
type signature struct {
	credential    credential
	signedHeaders []string // lower case
	signature     string
	date          string // as sent
	time          time.Time
	token         string
	presigned     bool
	lifetime      time.Duration // of a presigned URL
}

// authorizationFields reads the fields after the algorithm's name.
func authorizationFields(header string) map[string]string {
	fields := map[string]string{}
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return fields
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || fields[name] != "" {
			return map[string]string{}
		}
		fields[name] = value
	}
	return fields
}

// parse reads the signature from the header or the query.
func parse(r *http.Request, e words) (*signature, error) {
	header := r.Header.Get("Authorization")
	query := r.URL.Query()
	inQuery := query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Signature")
	switch {
	case header != "" && inQuery:
		return nil, e.twoMechanisms()
	case header == "" && !inQuery:
		if query.Has("AWSAccessKeyId") {
			return nil, e.version2()
		}
		return nil, e.missing()
	case inQuery:
		return parseQuery(r, e)
	}
	if strings.HasPrefix(header, "AWS ") {
		return nil, e.version2()
	}
	if strings.HasPrefix(header, "AWS4-ECDSA-P256-SHA256") {
		return nil, e.notImitated("Signature Version 4A")
	}
	if !strings.HasPrefix(header, algorithm+" ") {
		return nil, e.malformed("Authorization header requires the algorithm " + algorithm + ".")
	}
	fields := authorizationFields(header)
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if fields[name] == "" {
			return nil, e.malformed("Authorization header requires '" + name + "' parameter.")
		}
	}
	if len(fields) != 3 {
		return nil, e.malformed("Authorization header has unknown parameters.")
	}
	s := &signature{date: r.Header.Get("X-Amz-Date"), token: r.Header.Get("X-Amz-Security-Token")}
	if s.date == "" {
		if t, err := http.ParseTime(r.Header.Get("Date")); err == nil {
			s.date = t.UTC().Format(timeLayout)
		}
	}
	return s, s.fill(fields["Credential"], fields["SignedHeaders"], fields["Signature"], e)
}

func parseQuery(r *http.Request, e words) (*signature, error) {
	query := r.URL.Query()
	for name, values := range query {
		if strings.HasPrefix(name, "X-Amz-") && len(values) != 1 {
			return nil, e.malformedQuery(name + " must be given once")
		}
	}
	switch query.Get("X-Amz-Algorithm") {
	case algorithm:
	case "AWS4-ECDSA-P256-SHA256":
		return nil, e.notImitated("Signature Version 4A")
	default:
		return nil, e.malformedQuery("X-Amz-Algorithm only supports \"" + algorithm + "\"")
	}
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	switch {
	case err != nil && query.Has("X-Amz-Expires"):
		return nil, e.malformedQuery("X-Amz-Expires should be a number")
	case !query.Has("X-Amz-Expires") && e.service == s3:
		return nil, e.malformedQuery("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, " +
			"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
	case !query.Has("X-Amz-Expires"):
		seconds = int(maxSkew / time.Second)
	case seconds < 0:
		return nil, e.malformedQuery("X-Amz-Expires must be non-negative")
	case time.Duration(seconds)*time.Second > maxLifetime:
		return nil, e.malformedQuery("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
	}
	s := &signature{
		presigned: true,
		lifetime:  time.Duration(seconds) * time.Second,
		date:      query.Get("X-Amz-Date"),
		token:     query.Get("X-Amz-Security-Token"),
	}
	return s, s.fill(query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders"), query.Get("X-Amz-Signature"), e)
}

// fill reads the parts that both forms have.
func (s *signature) fill(cred, signedHeaders, sig string, e words) error {
	malformed := e.malformed
	if s.presigned {
		malformed = e.malformedQuery
	}
	var err error
	if s.credential, err = parseCredential(cred); err != nil {
		return malformed("Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".")
	}
	if s.time, err = time.Parse(timeLayout, s.date); err != nil {
		return malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
	}
	if !strings.HasPrefix(s.date, s.credential.date) {
		return malformed("Invalid credential date \"" + s.credential.date + "\". This date is not the same as X-Amz-Date: \"" + s.date[:8] + "\".")
	}
	if raw, err := hex.DecodeString(sig); err != nil || len(raw) != 32 {
		return e.mismatch()
	}
	s.signature = sig
	s.signedHeaders = strings.Split(strings.ToLower(signedHeaders), ";")
	if !slices.IsSorted(s.signedHeaders) || len(slices.Compact(slices.Clone(s.signedHeaders))) != len(s.signedHeaders) {
		return malformed("SignedHeaders must be sorted and name each header once.")
	}
	return nil
}

func (s *signature) checkTime(now time.Time, e words) error {
	switch {
	case s.presigned && now.After(s.time.Add(s.lifetime)):
		return e.urlExpired(s.time.Add(s.lifetime), now)
	case s.time.After(now.Add(maxSkew)):
		return e.early(s.time, now, s.presigned)
	case !s.presigned && s.time.Before(now.Add(-maxSkew)):
		return e.late(s.time, now)
	}
	return nil
}
