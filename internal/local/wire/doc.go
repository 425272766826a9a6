// Package wire is a server that speaks Redshift's dialect of the PostgreSQL protocol, in front of a private PostgreSQL.
//
// A session of a client is one connection to PostgreSQL, logged in as the same database user, so that PostgreSQL's own
// privileges, transactions and snapshots hold. Statements pass through package dialect; what that leaves alone reaches
// PostgreSQL byte for byte, and the rows of the answer are passed on without being decoded, unless there are names that
// PostgreSQL cannot keep (names.go). COPY and UNLOAD go to an Engine.
//
// The package knows nothing of S3, of AWS's APIs or of how PostgreSQL is run: what it needs from them are the
// interfaces in server.go. Start from Server.
//
// What clients see of Redshift here, and where that is written down: start-up, authentication and parameters (what the
// drivers of AWS expect, and what they refuse), version 8.0.2, backslash as an escape in literals and no parameter
// standard_conforming_strings, TRUNCATE that commits (Database Developer Guide, TRUNCATE), an autocommitted COPY that
// goes on when its client is gone (Database Developer Guide, COPY usage notes).
package wire
