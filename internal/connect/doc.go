// Package connect is who we are and how we get in: it turns a plan's warehouse into sessions. It resolves references to
// secrets at the last moment, looks up endpoints, takes roles, asks for temporary credentials, and speaks TLS with the
// server's name verified.
//
// It knows nothing of tables, plans' steps or stages: a Session runs SQL and says truthfully what it does not know.
package connect
