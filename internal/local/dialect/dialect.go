// Package dialect reads Redshift's SQL and says what PostgreSQL must run in its place.
//
// It works on tokens, never on patterns over text: what it does not mean to change stays equal byte for byte, and the
// inside of a literal, a comment, a quoted name or a dollar string is never touched. It knows nothing of connections:
// package wire sends what Translate answers, package transfer carries out COPY and UNLOAD.
//
// Start at Split, Translate and Statement. To rewrite another function add it to calls, to treat another statement add
// it to statements, and to both a line in testdata.
//
// # What is translated
//
//   - CREATE TABLE with DISTSTYLE, DISTKEY, SORTKEY, ENCODE, IDENTITY, BACKUP, COLLATE, LIKE, keys and
//     foreign keys (recorded, never enforced), TEMP and #names, CREATE TABLE AS and SELECT INTO with the same; ALTER
//     TABLE with ADD and DROP of columns and keys, RENAME, OWNER, APPEND, ALTER DISTSTYLE, DISTKEY, SORTKEY, ENCODE and
//     the length of VARCHAR; views, late-binding and materialized views.
//   - Names fold to lower case, in quotes too, unless enable_case_sensitive_identifier is on; those of users and groups
//     in quotes keep their case. System tables go to the views of package catalog with Redshift's columns.
//   - Types by all their names; DECIMAL is DECIMAL(18,0), TEXT is VARCHAR(256), lengths have Redshift's limits.
//   - Subqueries without alias, TOP, QUALIFY, MINUS, APPROXIMATE, DELETE without FROM, MERGE with REMOVE DUPLICATES, NVL, NVL2,
//     DECODE, CONVERT, CONCAT, LISTAGG, percentiles and RATIO_TO_REPORT over windows, EXTRACT and bare date parts, SYSDATE,
//     ARRAY, OBJECT and OBJECT_TRANSFORM.
//   - Divisions of decimals, by the types of what is divided: Typing.
//   - Paths into SUPER values by dots and brackets, and FROM over the arrays and objects in them.
//   - Functions of the leader node and of the compute nodes, which a query of the other kind must not call: Checks.
//   - Session parameters and context variables, SHOW but of external objects, models and policies, users, groups, roles and grants, isolation levels, VACUUM, ANALYZE.
//
// # What is refused
//
// With SQLSTATE 0A000 and the name of what was asked for: statements that PostgreSQL has and Redshift has not
// (SAVEPOINT, LISTEN, CREATE INDEX, SEQUENCE or TRIGGER, RETURNING, ON CONFLICT, DISTINCT ON, VALUES as a table, FOR
// UPDATE, STRING_AGG, CHECK constraints, COPY FROM STDIN ...), types that Redshift has not (arrays, json, uuid, xml,
// bytea, serial ...), and what Redshift has and is not imitated here: external schemas and tables, datashares,
// libraries, models, PIVOT, the outer join operator (+), CONNECT BY, relations of other databases, GEOMETRY, GEOGRAPHY and
// HLLSKETCH with their functions, NONATOMIC procedures that catch errors, IGNORE NULLS with an offset to work out. Unknown parameters are error 42704. A statement
// that names pg_catalog, as psql's do, may use PostgreSQL's newer SQL.
//
// # What differs
//
//   - Names of users, groups, roles and databases that are longer than 63 bytes are refused. Other names go by short ones from
//     there up to 127 bytes (Shorten), which PostgreSQL sorts and measures in their place.
//   - The bodies of functions and procedures are translated, and shown so; dynamic SQL in them is not. Aliases in the later
//     items of a list, which Inline knows about, are unknown columns there.
//   - Quotients of what Typing does not learn the type of have PostgreSQL's scale, those in procedures among them.
//   - QUALIFY knows the names of window functions in the list only.
package dialect

// TokenKind tells what a token is.
type TokenKind int

// The kinds of tokens. Concatenating the Text of all tokens of a lexed string gives the string back.
const (
	Space TokenKind = iota
	Comment
	Word         // an unquoted name or keyword, as written
	QuotedIdent  // "name", as written
	String       // 'text', as written; backslash escapes (redshift manual: 8.0 rules)
	DollarString // $tag$text$tag$
	Number
	Param    // $1
	Operator // + - || :: and the like
	Punct    // ( ) , ; . [ ]
)

// Token is one token and where it stands, in bytes from the start of the lexed string.
type Token struct {
	Kind TokenKind
	Text string
	Pos  int
}

// Action is what has to happen with a statement.
type Action int

// The actions.
const (
	Pass   Action = iota // run Before, SQL and After on PostgreSQL
	Copy                 // COPY ... FROM 's3://...': package transfer
	Unload               // UNLOAD: package transfer
	Refuse               // answer Err
	Empty                // nothing but blanks and comments
)

// Env is what the translation of a statement may depend on.
type Env struct {
	Database      string
	User          string
	CaseSensitive bool // enable_case_sensitive_identifier
	// Inlined are names that stand for the expressions which earlier items of their list call so: Lateral.Pos of an
	// earlier translation of the same statement.
	Inlined []int
	// Columns are those of the tables in Translation.Written that have a SUPER column, by the table's name there.
	Columns map[string][]Column
	// Unloads says that the statement is the query of an UNLOAD: what it answers must have types that files have.
	Unloads bool
	// Asked is how much has been asked for Types and Rows, in bytes.
	Asked int
	// Types are those of operands in Translation.Operands.
	Types map[Operand]ColumnType
	// Rows are the columns of queries in Translation.Operands.
	Rows map[Operand][]ColumnType
	// Parameters are the types that the client gives to $1, $2 ..., if it gives any.
	Parameters []uint32
	// Masks are what the user reads in place of relations with masking policies: a query in parentheses, by the relation's
	// name in quotes, with its schema or, where that is not needed, without.
	Masks map[string]string
}

// Translation is what to run in place of one statement.
type Translation struct {
	Action Action
	Before []string // run first, answers dropped, in the statement's own transaction
	SQL    string   // its answer is what the client sees
	After  []string // run after SQL, answers dropped, in the same transaction
	Tag    string   // the command tag to answer, where PostgreSQL's own is not Redshift's; "" leaves it
	// Commits says that the statement commits the transaction it runs in (TRUNCATE): everything before it stays even
	// if the client rolls back afterwards.
	Commits bool
	// Alone says that the statement cannot run inside a transaction block, nor among others in one query string: answer
	// 25001 there.
	Alone   bool
	Notices []string // INFO notices for the client
	Checks  []Check  // what the statement must not be, in their order
	// Laterals are the names that may be aliases of earlier items of a list: Inline finds out. Probe is the query to ask for.
	Laterals []Lateral
	Probe    string
	// Operands are what arithmetic is done with, of types that only PostgreSQL knows: Typing finds out.
	Operands []Operands
	// Filled is a relation that the statement itself makes of a query, as PostgreSQL is to read its name: CREATE TABLE AS,
	// SELECT INTO, REFRESH MATERIALIZED VIEW; "" if there is none.
	Filled string
	// Written are tables into whose columns literals are written: Knowing finds out which are SUPER.
	Written []string
	Err     *Error // with Refuse
}

// Check is a condition of a statement that only PostgreSQL can tell.
type Check struct {
	Query   string   // if it answers a row the statement fails with Err
	Notices []string // INFO notices for the client before Err
	Err     *Error
}

// Error is an error as Redshift reports it to a client.
type Error struct {
	Code    string // SQLSTATE
	Message string
	Detail  string
	Hint    string
}

func (e *Error) Error() string { return e.Message }
