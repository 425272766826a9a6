package unloadcopy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/hint"
)

// MaxSize of a configuration, in bytes.
const MaxSize = 1 << 20

// Config is a configuration, in the utility's words.
type Config struct {
	Source  Side
	Target  Side
	Staging Staging
	// Notes say what is in the file and means nothing here.
	Notes []string
}

// Side is unloadSource or copyTarget.
type Side struct {
	Endpoint        string
	Port            int
	User            string
	Password        string // base64 of a KMS ciphertext; "" for temporary credentials
	Database        string
	Schema          string
	Tables          []string
	Columns         string
	UnloadStatement string
	ExplicitIDs     bool
}

// Staging is s3Staging.
type Staging struct {
	Role            string
	HasKeys         bool // access keys are given
	Path            string
	DeleteOnSuccess bool
	Region          string
}

// Parse reads a configuration. Comments, as in the utility's own example, run from // to the end of a line.
func Parse(text []byte) (*Config, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("the file has %d bytes; a configuration has at most %d", len(text), MaxSize)
	}
	dec := json.NewDecoder(bytes.NewReader(withoutComments(text)))
	dec.UseNumber()
	var all map[string]any
	if err := dec.Decode(&all); err != nil {
		if s, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("not JSON: line %d: %w", 1+bytes.Count(text[:min(int(s.Offset), len(text))], []byte("\n")), err)
		}
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not JSON: there is something after the object")
	}
	c := &Config{Staging: Staging{DeleteOnSuccess: true}}
	r := &reader{notes: &c.Notes}
	root := r.section(all, "")
	source, target, staging := root.object("unloadSource"), root.object("copyTarget"), root.object("s3Staging")
	root.end()
	c.Source, c.Target = source.side(), target.side()
	c.Staging = Staging{
		Role: staging.text("aws_iam_role"), HasKeys: staging.text("aws_access_key_id") != "" || staging.text("aws_secret_access_key") != "",
		Path: staging.text("path"), DeleteOnSuccess: staging.yes("deleteOnSuccess", true), Region: staging.text("region"),
	}
	staging.yes("kmsGeneratedKey", true) // the key was KMS's own or made here: there is none any more
	staging.end()
	if c.Source.Port == 0 {
		c.Source.Port = defaultPort
	}
	if c.Target.Port == 0 {
		c.Target.Port = defaultPort
	}
	return c, r.err()
}

const defaultPort = 5439

// withoutComments puts blanks in the place of comments, so that every place in the text stays what it was.
func withoutComments(text []byte) []byte {
	out := slices.Clone(text)
	inText, inComment := false, false
	for i := 0; i < len(out); i++ {
		switch c := out[i]; {
		case inComment && c == '\n':
			inComment = false
		case inComment:
			out[i] = ' '
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case !inText && c == '/' && i+1 < len(out) && out[i+1] == '/':
			inComment, out[i] = true, ' '
		}
	}
	return out
}

// reader gathers mistakes and notes.
type reader struct {
	mistakes []string
	notes    *[]string
}

func (r *reader) err() error {
	if len(r.mistakes) == 0 {
		return nil
	}
	return hint.With(errors.New(strings.Join(r.mistakes, "; ")), "the keys are those of the AWS Unload/Copy utility's example configuration")
}

func (r *reader) mistake(format string, args ...any) {
	r.mistakes = append(r.mistakes, fmt.Sprintf(format, args...))
}

func (r *reader) section(keys map[string]any, path string) *section {
	return &section{reader: r, keys: keys, path: path, seen: map[string]bool{}}
}

// section is one object of the file.
type section struct {
	*reader
	keys map[string]any
	path string
	seen map[string]bool
}

func (s *section) at(key string) string {
	if s.path == "" {
		return key
	}
	return s.path + "." + key
}

func (s *section) object(key string) *section {
	s.seen[key] = true
	o, ok := s.keys[key].(map[string]any)
	if !ok {
		s.mistake("%s is missing, or no object", s.at(key))
	}
	return s.section(o, s.at(key))
}

// text reads a text; a number is one too.
func (s *section) text(key string) string {
	s.seen[key] = true
	switch v := s.keys[key].(type) {
	case nil:
		return ""
	case string:
		if v == "None" { // the utility's own word for nothing
			return ""
		}
		return v
	case json.Number:
		return v.String()
	default:
		s.mistake("%s is no text", s.at(key))
		return ""
	}
}

// yes reads True or False, as a text or as JSON's own.
func (s *section) yes(key string, fallback bool) bool {
	s.seen[key] = true
	switch v := s.keys[key].(type) {
	case nil:
		return fallback
	case bool:
		return v
	case string:
		if b, err := strconv.ParseBool(strings.TrimSpace(v)); err == nil {
			return b
		}
	}
	s.mistake("%s is not True or False", s.at(key))
	return fallback
}

// list reads several texts, or one.
func (s *section) list(many, one string) []string {
	s.seen[many], s.seen[one] = true, true
	all, ok := s.keys[many].([]any)
	if !ok {
		if s.keys[many] != nil {
			s.mistake("%s is no list", s.at(many))
		}
		if t := s.text(one); t != "" {
			return []string{t}
		}
		return nil
	}
	var texts []string
	for i, v := range all {
		t, ok := v.(string)
		if !ok || t == "" {
			s.mistake("%s[%d] is no name", s.at(many), i)
			continue
		}
		texts = append(texts, t)
	}
	return texts
}

func (s *section) side() Side {
	side := Side{
		Endpoint: s.text("clusterEndpoint"), User: s.text("connectUser"), Password: s.text("connectPwd"), Database: s.text("db"),
		Schema: s.text("schemaName"), Tables: s.list("tableNames", "tableName"), Columns: s.text("columns"),
		UnloadStatement: s.text("unloadStatement"), ExplicitIDs: s.yes("explicit_ids", false),
	}
	if port := s.text("clusterPort"); port != "" {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			s.mistake("%s is no port", s.at("clusterPort"))
		}
		side.Port = n
	}
	s.end()
	return side
}

// end notes the keys that nobody asked for.
func (s *section) end() {
	var unknown []string
	for key := range s.keys {
		if !s.seen[key] {
			unknown = append(unknown, s.at(key))
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		*s.notes = append(*s.notes, key+" means nothing here")
	}
}
