package redshift

import "strings"

// hints tell what to do about known errors. The first whose words are all in the server's text, and whose code matches,
// is taken.
var hints = []struct {
	code  string   // SQLSTATE, or "" for any
	words []string // in lower case
	hint  string
}{
	{"", []string{"is not authorized to assume iam role"},
		"the role must be attached to the warehouse, and its trust policy must name redshift.amazonaws.com (redshift-serverless.amazonaws.com for a workgroup); each role of a chain must trust the one before"},
	{"", []string{"not authorized to get credentials of role"},
		"attach the role to the warehouse, and let its trust policy allow sts:AssumeRole"},
	{"", []string{"range of parquet"},
		"text holds values that Parquet cannot: set stage.format: text in the job"},
	{"", []string{"s3serviceexception", "permanentredirect"},
		"the bucket is in another region: set stage.region in the job"},
	{"", []string{"s3serviceexception", "kms", "disabled"},
		"enable the KMS key again, or name another one: stage.kms_key"},
	{"", []string{"kms", "pending deletion"},
		"cancel the deletion of the KMS key, or name another one: stage.kms_key"},
	{"", []string{"kms", "is disabled"},
		"enable the KMS key again, or name another one: stage.kms_key"},
	{"", []string{"kms.disabledexception"},
		"enable the KMS key again, or name another one: stage.kms_key"},
	{"", []string{"s3serviceexception", "access denied", "kms"},
		"the role needs kms:GenerateDataKey and kms:Decrypt, in its policy and in the key's"},
	{"", []string{"s3serviceexception", "accessdenied"},
		"the role needs s3:ListBucket, s3:GetObject and s3:PutObject on the stage, kms:GenerateDataKey and kms:Decrypt on its key, and the bucket's policy must let it in"},
	{"", []string{"s3serviceexception", "nosuchbucket"},
		"there is no such bucket: check stage.url"},
	{"", []string{"s3serviceexception", "nosuchkey"},
		"a staged object is gone: something else removes objects from the stage (a lifecycle rule, another run)"},
	{"", []string{"specified unload destination on s3 is not empty"},
		"something else writes below this run's prefix; nothing was overwritten"},
	{"", []string{"combined length of columns processed"},
		"the table is too wide for one statement: select fewer columns"},
	{"28P01", nil, "check user and password; password_from in the job names where the password lives"},
	{"28000", nil, "check the user's name and that it may log in to this database"},
	{"", []string{"password authentication failed"}, "check user and password; password_from in the job names where the password lives"},
	{"3D000", nil, "there is no such database: check database in the job"},
	{"53100", nil, "the warehouse's disks are full: drop what is not needed, or resize it"},
	{"", []string{"disk full"}, "the warehouse's disks are full: drop what is not needed, or resize it"},
	{"53300", nil, "the warehouse has no connection left: lower concurrency in the job"},
	{"57014", nil, "the statement was cancelled: by statement_timeout, by workload management, or by somebody"},
	{"2BP01", nil, "other objects depend on the table; mode replace exchanges its rows and leaves the table in place"},
	{"", []string{"because other objects depend on it"}, "other objects depend on the table; mode replace exchanges its rows and leaves the table in place"},
	{"", []string{"serializable isolation violation"}, "something else wrote to the same tables at the same time; try again"},
	{"", []string{"must be owner of"}, "the user must own the table, or be a superuser"},
	{"42501", []string{"schema"}, "grant usage (and create, in the target) on the schema to the user"},
	{"42501", nil, "grant the user what it lacks: select on what is read, insert on what is loaded, usage and create on schemas"},
	{"25P02", nil, "an earlier statement of the transaction failed"},
	{"", []string{"value too long"}, "make the column wider in the target, or leave it out"},
}

// HintFor says in one line what to do about an error of the server, or "" where it has nothing to say that the error
// does not.
func HintFor(err error) string {
	se, ok := serverError(err)
	if !ok {
		return ""
	}
	text := se.text()
hints:
	for _, h := range hints {
		if h.code != "" && h.code != se.Code {
			continue
		}
		for _, w := range h.words {
			if !strings.Contains(text, w) {
				continue hints
			}
		}
		return h.hint
	}
	return ""
}
