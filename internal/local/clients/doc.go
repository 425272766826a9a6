// Package clients tests the stand-in with software that we did not write, unmodified: psql and its backslash commands, pgx,
// lib/pq, and, behind the build tag clients and make clients, what needs more than Go and PostgreSQL: psycopg2,
// PostgreSQL's JDBC driver, s3cmd and rclone. There is no other code in it.
//
// Every driver does the same things over TLS and must say the same of them (want in contract_test.go), whatever language
// it is written in.
package clients
