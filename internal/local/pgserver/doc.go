// Package pgserver runs a private PostgreSQL: it finds the programs, makes a data folder from a cached template, starts
// the server on a Unix socket that nobody else can reach, and stops it again.
//
// It knows nothing of Redshift. What has to be installed in every new server comes in through Options.Bootstrap, and
// what the server has to be set to through Options.Settings. Start from Find and Start.
//
// Nothing is left running: a Start that fails half way stops what it started, Close waits for the last process, and on
// Linux the kernel stops the server when this process dies, however it dies. PostgreSQL refuses to run as root, so for
// root it runs as the user postgres, or nobody where there is none.
package pgserver
