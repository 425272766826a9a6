package redshiftdata

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/dialect"
)

// answer is a result set.
type answer struct {
	columns []column
	rows    [][]field
	size    int64
	pages   []int // where each page but the first begins
}

// pageSize is how many bytes a page of a result has.
const pageSize = 1 << 20

// column is what the API tells about a column of a result, or of a table.
type column struct {
	ColumnDefault   *string `json:"columnDefault,omitempty"`
	IsCaseSensitive bool    `json:"isCaseSensitive"`
	IsCurrency      bool    `json:"isCurrency"`
	IsSigned        bool    `json:"isSigned"`
	Label           string  `json:"label"`
	Length          int     `json:"length"`
	Name            string  `json:"name"`
	Nullable        int     `json:"nullable"`
	Precision       int     `json:"precision"`
	Scale           int     `json:"scale"`
	SchemaName      string  `json:"schemaName"`
	TableName       string  `json:"tableName"`
	TypeName        string  `json:"typeName"`
}

// field is a value: exactly one of the API's union.
type field map[string]any

// kind is what the API makes of a type.
type kind struct {
	name      string
	value     string // member of the union; "" is stringValue
	precision int
	signed    bool
	text      bool
}

// kinds are the types by their numbers at the wire.
var kinds = map[uint32]kind{
	16:   {name: "bool", value: "booleanValue", precision: 1},
	18:   {name: "char", precision: 1},
	19:   {name: "name", precision: 128},
	20:   {name: "int8", value: "longValue", precision: 19, signed: true},
	21:   {name: "int2", value: "longValue", precision: 5, signed: true},
	23:   {name: "int4", value: "longValue", precision: 10, signed: true},
	26:   {name: "oid", value: "longValue", precision: 10},
	700:  {name: "float4", value: "doubleValue", precision: 8, signed: true},
	701:  {name: "float8", value: "doubleValue", precision: 17, signed: true},
	1042: {name: "bpchar", text: true},
	1043: {name: "varchar", text: true},
	1082: {name: "date", precision: 13},
	1083: {name: "time", precision: 15},
	1114: {name: "timestamp", precision: 29},
	1184: {name: "timestamptz", precision: 35},
	1188: {name: "intervaly2m"},
	1190: {name: "intervald2s"},
	1266: {name: "timetz", precision: 21},
	1700: {name: "numeric", signed: true},
	3000: {name: "geometry"},
	3001: {name: "geography"},
	4000: {name: "super"},
	6551: {name: "varbyte"},
}

// unlimited is the length of a text without a limit, as JDBC tells it.
const unlimited = math.MaxInt32

// describeColumn tells about a column of a type, with its modifier as PostgreSQL keeps it, -1 for none.
func describeColumn(name string, oid uint32, modifier int32) column {
	k, known := kinds[oid]
	if !known {
		k.name = "unknown"
	}
	c := column{Label: name, Name: name, Nullable: 1, TypeName: k.name, Precision: k.precision, IsSigned: k.signed, IsCaseSensitive: k.text}
	switch {
	case k.name == "numeric" && modifier >= 4:
		c.Precision, c.Scale = int(modifier-4)>>16, int(modifier-4)&0xffff
	case k.text && modifier >= 4:
		c.Precision, c.Length = int(modifier-4), int(modifier-4)
	case k.text:
		c.Precision, c.Length = unlimited, unlimited
	case k.name == "varbyte" && modifier > 0: // which does not count a header
		c.Precision, c.Length = int(modifier), int(modifier)
	}
	return c
}

// value makes a value of its text at the wire; nil is NULL.
func value(oid uint32, text []byte) field {
	if text == nil {
		return field{"isNull": true}
	}
	switch kinds[oid].value {
	case "booleanValue":
		return field{"booleanValue": string(text) == "t"}
	case "longValue":
		if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			return field{"longValue": n}
		}
	case "doubleValue":
		f, err := strconv.ParseFloat(string(text), 64)
		switch {
		case err != nil:
		case math.IsNaN(f) || math.IsInf(f, 0): // JSON has no such numbers, AWS's protocol writes them as text
			return field{"doubleValue": string(text)}
		default:
			return field{"doubleValue": f}
		}
	}
	return field{"stringValue": string(text)}
}

// The failures of results that are too large: Management Guide, Troubleshooting the Data API.
var (
	errRow    = fmt.Errorf("Packet for query is too large (a row has more than %d bytes).", maxRow) //nolint:staticcheck,revive // the service's own words
	errResult = errors.New("Database response exceeded size limit.")                                //nolint:staticcheck,revive // the service's own words
)

// ask runs one statement and keeps what it answers.
func (s *Service) ask(ctx context.Context, conn *Conn, p *part) (*answer, int64, error) {
	s.mu.Lock()
	limit := int64(s.limits.Result)
	s.mu.Unlock()
	sql, names := p.sql, []string(nil)
	if len(p.arg) > 0 {
		sql, names = bind(p.sql)
	}
	values := make([][]byte, len(names))
	for i, name := range names {
		for _, a := range p.arg {
			if a.Name == name {
				values[i] = []byte(a.Value)
			}
		}
	}
	reader := conn.ExecParams(ctx, sql, values, nil, nil, nil)
	fields := reader.FieldDescriptions()
	a := &answer{rows: [][]field{}}
	for _, f := range fields {
		a.columns = append(a.columns, describeColumn(f.Name, f.DataTypeOID, f.TypeModifier))
	}
	var tooLarge error
	page := int64(0)
	for reader.NextRow() {
		if tooLarge != nil {
			continue
		}
		row, size := make([]field, len(fields)), int64(0)
		for i, v := range reader.Values() {
			size += int64(len(v))
			row[i] = value(fields[i].DataTypeOID, v)
		}
		switch a.size += size; {
		case size > maxRow:
			tooLarge = errRow
		case a.size > limit:
			tooLarge = errResult
		}
		if page += size; page > pageSize && len(a.rows) > 0 {
			a.pages, page = append(a.pages, len(a.rows)), size
		}
		a.rows = append(a.rows, row)
	}
	tag, err := reader.Close()
	if err = errors.Join(err, tooLarge); err != nil {
		return nil, 0, unjoin(err)
	}
	if len(fields) == 0 {
		return nil, tag.RowsAffected(), nil
	}
	return a, int64(len(a.rows)), nil
}

// unjoin prefers what the warehouse said.
func unjoin(err error) error {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pe
	}
	return err
}

type resultIn struct {
	ID        string `json:"Id"`
	NextToken string
}

type resultOut struct {
	ColumnMetadata []column
	Records        [][]field
	TotalNumRows   int
	NextToken      string `json:",omitempty"`
}

func (s *Service) result(_ context.Context, id *iam.Identity, in resultIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, n, err := s.find(id, "GetStatementResult", in.ID)
	switch {
	case err != nil:
		return nil, err
	case n < 0 && st.batch:
		return nil, invalid("The result of a batch is that of its statements: name one of them.")
	case n < 0:
		n = 0
	}
	p := st.parts[n]
	if st.status != finished {
		return nil, invalid("Query is not in FINISHED state: it is in %s state.", st.status)
	}
	if p.answer == nil {
		return nil, invalid("Query does not have result. Please check query status with DescribeStatement.")
	}
	at, err := position(in.NextToken, len(p.answer.pages))
	if err != nil {
		return nil, err
	}
	begin, end, next := 0, len(p.answer.rows), ""
	if at > 0 {
		begin = p.answer.pages[at-1]
	}
	if at < len(p.answer.pages) {
		end, next = p.answer.pages[at], token(at+1)
	}
	return resultOut{p.answer.columns, p.answer.rows[begin:end], len(p.answer.rows), next}, nil
}

// token and position are the NextToken of listings.
func token(n int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("page-" + strconv.Itoa(n)))
}

func position(text string, most int) (int, error) {
	if text == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	n := 0
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "page-%d", &n)
	}
	if err != nil || n < 0 || n > most {
		return 0, invalid("NextToken is not valid.")
	}
	return n, nil
}

// paged gives a page of a listing.
func paged[T any](all []T, next string, size, most int) (page []T, more string, err error) {
	if size == 0 {
		size = most
	}
	if size < 0 || size > most {
		return nil, "", invalid("MaxResults must be between 0 and %d.", most)
	}
	at, err := position(next, len(all))
	if err != nil {
		return nil, "", err
	}
	if end := at + size; end < len(all) {
		return all[at:end], token(end), nil
	}
	return all[at:], "", nil
}

// bind puts PostgreSQL's parameters in the place of named ones (:name), outside of literals and comments, and gives their
// names in order.
func bind(sql string) (text string, names []string) {
	var out strings.Builder
	tokens := dialect.Lex(sql)
	for i := 0; i < len(tokens); i++ {
		if tokens[i].Text != ":" || i+1 == len(tokens) || tokens[i+1].Kind != dialect.Word {
			out.WriteString(tokens[i].Text)
			continue
		}
		i++
		name := tokens[i].Text
		n := slices.Index(names, name)
		if n < 0 {
			n, names = len(names), append(names, name)
		}
		out.WriteString("$" + strconv.Itoa(n+1))
	}
	return out.String(), names
}
