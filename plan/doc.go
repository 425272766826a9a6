// Package plan is what will be done: ordered steps with stable ids, made from a job and two catalogs, tied to both by
// fingerprints. It is the narrow waist: the runner sees nothing but a plan, so a run can do only what a person could
// have read beforehand.
//
// It knows no connection and no clock, and never holds a secret: statements name roles, warehouses name where a
// password lives. The JSON form is a contract (see docs/output.md); a plan of another Version is refused by Read.
//
// Start from Plan, Table and Step.
package plan
