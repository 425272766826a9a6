// Package dialect reads Redshift's SQL and says what PostgreSQL must run in its place.
//
// It works on tokens, never on patterns over text: what it does not mean to change stays equal byte for byte, and the
// inside of a literal, a comment, a quoted name or a dollar string is never touched. It knows nothing of connections:
// package wire sends what Translate answers, package transfer carries out COPY and UNLOAD.
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
	Err     *Error   // with Refuse
}

// Error is an error as Redshift reports it to a client.
type Error struct {
	Code    string // SQLSTATE
	Message string
	Detail  string
	Hint    string
}

func (e *Error) Error() string { return e.Message }
