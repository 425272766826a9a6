// Package local is the stand-in: Redshift warehouses and the AWS around them on this machine, for trying things out and
// for tests. It puts the pieces together and starts and stops them; what they do is in the packages below it:
//
//	pgserver   runs a private PostgreSQL
//	wire       speaks Redshift's protocol in front of it
//	dialect    says what PostgreSQL must run in place of a statement
//	catalog    makes a database look like Redshift's from inside
//	names      keeps the names that are too long for PostgreSQL
//	transfer   carries out COPY and UNLOAD
//	history    keeps what was run, for the system tables
//	aws        S3, KMS, STS, IAM and Redshift's API on one port
//
// None of them imports anything of Sealift's: shared code would hide shared mistakes. Nothing here listens on anything
// but the loopback address, and nothing here is Redshift: what is imitated, what is refused and what differs is in
// docs/standin.md.
//
// Start from Up, or in tests from Start.
package local

//go:generate go run ../tools/standindoc -source . -docs ../../docs
