package redshift

import "strings"

// What to do about errors of the server, in one line each.
const (
	hintAttach     = "attach the role to the warehouse, and let its trust policy allow sts:AssumeRole"
	hintAssume     = "the role must be attached to the warehouse, and its trust policy must name redshift.amazonaws.com (redshift-serverless.amazonaws.com for a workgroup); each role of a chain must trust the one before"
	hintParquet    = "text holds values that Parquet cannot: set stage.format: text in the job"
	hintRegion     = "the bucket is in another region: set stage.region in the job"
	hintDisabled   = "enable the KMS key again, or name another one: stage.kms_key"
	hintDeletion   = "cancel the deletion of the KMS key, or name another one: stage.kms_key"
	hintKey        = "the role needs kms:GenerateDataKey and kms:Decrypt, in its policy and in the key's"
	hintStage      = "the role needs s3:ListBucket, s3:GetObject and s3:PutObject on the stage, kms:GenerateDataKey and kms:Decrypt on its key, and the bucket's policy must let it in"
	hintBucket     = "there is no such bucket: check stage.url"
	hintGone       = "a staged object is gone: something else removes objects from the stage (a lifecycle rule, another run)"
	hintNotEmpty   = "something else writes below this run's prefix; nothing was overwritten"
	hintTooWide    = "the table is too wide for one statement: select fewer columns"
	hintPassword   = "check user and password; password_from in the job names where the password lives"
	hintLogin      = "check the user's name and that it may log in to this database"
	hintDatabase   = "there is no such database: check database in the job"
	hintDisk       = "the warehouse's disks are full: drop what is not needed, or resize it"
	hintSessions   = "the warehouse has no connection left: lower concurrency in the job"
	hintCancelled  = "the statement was cancelled: by statement_timeout, by workload management, or by somebody"
	hintDependents = "other objects depend on the table; mode replace exchanges its rows and leaves the table in place"
	hintConflict   = "something else wrote to the same tables at the same time; try again"
	hintOwner      = "the user must own the table, or be a superuser"
	hintSchema     = "grant usage (and create, in the target) on the schema to the user"
	hintGrant      = "grant the user what it lacks: select on what is read, insert on what is loaded, usage and create on schemas"
	hintAborted    = "an earlier statement of the transaction failed"
	hintValue      = "some row has a value that an expression of the query, or of a mask, does not take: correct the expression, or the row; the value itself is shown nowhere"
	hintTooLong    = "make the column wider in the target, or leave it out"
)

// knownErrors are looked through in order: the first whose SQLSTATE is the error's ("" is any) and whose words are all in
// the server's text, in lower case, gives the hint.
var knownErrors = []struct {
	code  string
	words []string
	hint  string
}{
	{"", []string{"is not authorized to assume iam role"}, hintAssume},
	{"", []string{"not authorized to get credentials of role"}, hintAttach},
	{"", []string{"range of parquet"}, hintParquet},
	{"", []string{"s3serviceexception", "permanentredirect"}, hintRegion},
	{"", []string{"s3serviceexception", "kms", "disabled"}, hintDisabled},
	{"", []string{"kms", "pending deletion"}, hintDeletion},
	{"", []string{"kms", "is disabled"}, hintDisabled},
	{"", []string{"kms.disabledexception"}, hintDisabled},
	{"", []string{"s3serviceexception", "access denied", "kms"}, hintKey},
	{"", []string{"s3serviceexception", "accessdenied"}, hintStage},
	{"", []string{"s3serviceexception", "nosuchbucket"}, hintBucket},
	{"", []string{"s3serviceexception", "nosuchkey"}, hintGone},
	{"", []string{"specified unload destination on s3 is not empty"}, hintNotEmpty},
	{"", []string{"combined length of columns processed"}, hintTooWide},
	{"28P01", nil, hintPassword},
	{"", []string{"password authentication failed"}, hintPassword},
	{"28000", nil, hintLogin},
	{"3D000", nil, hintDatabase},
	{"53100", nil, hintDisk},
	{"", []string{"disk full"}, hintDisk},
	{"53300", nil, hintSessions},
	{"57014", nil, hintCancelled},
	{"2BP01", nil, hintDependents},
	{"", []string{"because other objects depend on it"}, hintDependents},
	{"", []string{"serializable isolation violation"}, hintConflict},
	{"", []string{"must be owner of"}, hintOwner},
	{"42501", []string{"schema"}, hintSchema},
	{"42501", nil, hintGrant},
	{"25P02", nil, hintAborted},
	{"22P02", nil, hintValue},
	{"22003", nil, hintValue},
	{"22007", nil, hintValue},
	{"22008", nil, hintValue},
	{"", []string{"value too long"}, hintTooLong},
}

// HintFor says in one line what to do about an error of the server, or "" where it has nothing to say that the error
// does not.
func HintFor(err error) string {
	se, ok := serverError(err)
	if !ok {
		return ""
	}
	text := se.text()
known:
	for _, k := range knownErrors {
		if k.code != "" && k.code != se.Code {
			continue
		}
		for _, w := range k.words {
			if !strings.Contains(text, w) {
				continue known
			}
		}
		return k.hint
	}
	return ""
}
