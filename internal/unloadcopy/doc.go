// Package unloadcopy reads the configuration of the AWS Unload/Copy utility, and says which job it stands for.
//
// What the utility did by client-side encryption, which Redshift ended on 2026-04-30, becomes SSE-KMS; what it did table by
// table becomes one job. Nothing of it is carried out here, and nothing is known of warehouses, plans' steps or files.
package unloadcopy
