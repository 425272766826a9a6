package demo

import (
	"encoding/json"
	"fmt"
)

// document is an IAM policy document.
type document struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal any `json:",omitempty"` // "*" or principals by kind
	Action    []string
	Resource  []string       `json:",omitempty"`
	Condition map[string]any `json:",omitempty"`
}

// principals names who a statement is about, by kind: AWS, Service.
type principals map[string][]string

func (d document) String() string {
	d.Version = "2012-10-17"
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("demo: policy document: %v", err)) // built from strings only
	}
	return string(text)
}

// role is one that a warehouse takes, with no more than it needs for its purpose.
type role struct {
	account, name string
	cluster       string // the only warehouse that may take it
	purpose       string
	policy        func(*cloud) document
}

func (r role) arn() string { return "arn:aws:iam::" + r.account + ":role/" + r.name }

var (
	loadRole = role{
		sourceAccount, "redshift-load", "source", "reads the files that fill the source",
		func(c *cloud) document { return document{Statement: readBucket(c.files)} },
	}
	// The stage is written in multipart uploads, whose parts S3 reads again, hence Decrypt (S3 User Guide, mpuoverview).
	unloadRole = role{
		sourceAccount, "redshift-unload", "source", "UNLOAD writes the stage",
		func(c *cloud) document {
			return document{Statement: append(readBucket(c.stage),
				statement{
					Effect:   "Allow",
					Action:   []string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"},
					Resource: []string{"arn:aws:s3:::" + c.stage + "/*"},
				},
				c.useKey("kms:GenerateDataKey", "kms:Decrypt"))}
		},
	}
	copyRole = role{
		targetAccount, "redshift-copy", "target", "COPY reads the stage, from the other account",
		func(c *cloud) document {
			return document{Statement: append(readBucket(c.stage), c.useKey("kms:Decrypt"))}
		},
	}
)

func readBucket(bucket string) []statement {
	return []statement{
		{Effect: "Allow", Action: []string{"s3:GetObject"}, Resource: []string{"arn:aws:s3:::" + bucket + "/*"}},
		{Effect: "Allow", Action: []string{"s3:ListBucket", "s3:GetBucketLocation"}, Resource: []string{"arn:aws:s3:::" + bucket}},
	}
}

// useKey allows the key's use, through S3 only.
func (c *cloud) useKey(actions ...string) statement {
	return statement{Effect: "Allow", Action: actions, Resource: []string{c.key}, Condition: c.viaS3()}
}

func (c *cloud) viaS3() map[string]any {
	return map[string]any{"StringEquals": map[string]any{"kms:ViaService": "s3." + c.region + ".amazonaws.com"}}
}

// trust lets Redshift take the role, for one database user of one warehouse.
func (c *cloud) trust(r role) document {
	user := fmt.Sprintf("arn:aws:redshift:%s:%s:dbuser:%s/%s", c.region, r.account, r.cluster, "awsuser")
	return document{Statement: []statement{{
		Effect:    "Allow",
		Principal: principals{"Service": {"redshift.amazonaws.com"}},
		Action:    []string{"sts:AssumeRole"},
		Condition: map[string]any{"StringEquals": map[string]any{"sts:ExternalId": user}},
	}}}
}

// keyPolicy leaves the key to its account's administrators, and lets both roles use it through S3. The target's role is
// in another account, which needs the key's policy as well as the role's own.
func (c *cloud) keyPolicy() document {
	all := []string{"*"} // in a key policy, the key itself
	return document{Statement: []statement{
		{
			Sid: "Administrators", Effect: "Allow", Principal: principals{"AWS": {"arn:aws:iam::" + sourceAccount + ":root"}},
			Action: []string{"kms:*"}, Resource: all,
		},
		{
			Sid: "Unload", Effect: "Allow", Principal: principals{"AWS": {unloadRole.arn()}},
			Action: []string{"kms:GenerateDataKey", "kms:Decrypt"}, Resource: all, Condition: c.viaS3(),
		},
		{
			Sid: "Copy", Effect: "Allow", Principal: principals{"AWS": {copyRole.arn()}},
			Action: []string{"kms:Decrypt"}, Resource: all, Condition: c.viaS3(),
		},
	}}
}

// stagePolicy refuses everything but SSE-KMS under the key, over TLS, signed with SigV4, and lets the target's role read.
// The negated conditions also refuse requests that leave the header out (S3 User Guide, UsingKMSEncryption).
func (c *cloud) stagePolicy() document {
	bucket, objects := "arn:aws:s3:::"+c.stage, "arn:aws:s3:::"+c.stage+"/*"
	deny := func(sid, action string, resources []string, operator, key, value string) statement {
		return statement{
			Sid: sid, Effect: "Deny", Principal: "*", Action: []string{action}, Resource: resources,
			Condition: map[string]any{operator: map[string]any{key: value}},
		}
	}
	put, both := []string{objects}, []string{bucket, objects}
	return document{Statement: []statement{
		deny("OnlyKMS", "s3:PutObject", put, "StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms"),
		deny("OnlyThisKey", "s3:PutObject", put, "StringNotEquals", "s3:x-amz-server-side-encryption-aws-kms-key-id", c.key),
		deny("OnlyTLS", "s3:*", both, "Bool", "aws:SecureTransport", "false"),
		deny("OnlySigV4", "s3:*", both, "StringNotEquals", "s3:signatureversion", "AWS4-HMAC-SHA256"),
		{
			Sid: "CopyReads", Effect: "Allow", Principal: principals{"AWS": {copyRole.arn()}},
			Action: []string{"s3:GetObject"}, Resource: put,
		},
		{
			Sid: "CopyLists", Effect: "Allow", Principal: principals{"AWS": {copyRole.arn()}},
			Action: []string{"s3:ListBucket", "s3:GetBucketLocation"}, Resource: []string{bucket},
		},
	}}
}
