// Package redshift is what Sealift knows of Amazon Redshift's SQL: how names, literals and types are written, how a
// catalog is read into table definitions, how a definition becomes DDL again, the text of UNLOAD and COPY, the digest
// that proves two tables equal, and what the server's errors mean.
//
// It decides nothing and touches nothing. It does not know jobs, plans or runs, it opens no connection, and of AWS it
// knows only how a role and a key are written in a statement. Reading a catalog goes through Querier, which a session
// satisfies.
//
// SQL text is a type of its own (SQL) that can be made from constant templates and typed fragments only: names (Ident,
// Table), literals (Literal, Int), types and other SQL. What users write themselves, a filter or a query, enters through
// Raw, after CheckExpression or CheckQuery.
//
// Start with SQL and Build, TableDef, ReadCatalog and DigestQuery. Statements about Redshift cite the page of its
// Database Developer Guide by name.
package redshift
