package policy

import (
	"slices"
	"strings"
)

// Kind is the use a document is put to.
type Kind int

const (
	// Identity is a policy of a user, role or session.
	Identity Kind = iota
	// Trust is a role's trust policy.
	Trust
	// Resource is the policy of a bucket or key.
	Resource
)

// Check says whether a service would take the document for kind. The stand-in evaluates only condition keys that some
// request can have, and so refuses the others by name rather than let them silently never match. The error is an *Error.
func (d *Document) Check(kind Kind) error {
	for _, s := range d.statements {
		hasPrincipal := s.principal != nil || s.exempt != nil
		switch kind {
		case Identity:
			if hasPrincipal {
				return malformed("Policy document should not specify a principal.")
			}
			if d.version != version2012 {
				return malformed("Policy document must be version 2012-10-17 or greater.")
			}
		case Trust:
			if len(s.resources) > 0 {
				return malformed("Has prohibited field Resource")
			}
			if s.exempt != nil {
				return malformed("Has prohibited field NotPrincipal")
			}
			for _, a := range s.actions {
				if !strings.HasPrefix(strings.ToLower(a.text), "sts:") {
					return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
				}
			}
		case Resource:
		}
		if kind != Identity && !hasPrincipal {
			return malformed("Missing required field Principal")
		}
		if kind != Trust && len(s.resources) == 0 {
			return malformed("Policy statement must contain resources.")
		}
		for _, c := range s.conditions {
			if !known(c.key) {
				return malformed("Condition key %s is not imitated, see docs/standin.md", c.key)
			}
		}
	}
	return nil
}

// keys are the condition keys that requests of the stand-in can have, in lower case. A key that ends in "/" or ":" is a
// family ("aws:principaltag/team").
var keys = []string{
	// Every request; the manual, "AWS global condition context keys".
	"aws:currenttime", "aws:epochtime", "aws:multifactorauthage", "aws:multifactorauthpresent", "aws:principalaccount",
	"aws:principalarn", "aws:principalisawsservice", "aws:principaltag/", "aws:principaltype", "aws:referer",
	"aws:requestedregion", "aws:requesttag/", "aws:resourceaccount", "aws:resourcetag/", "aws:securetransport",
	"aws:sourceaccount", "aws:sourcearn", "aws:sourceidentity", "aws:sourceip", "aws:tagkeys", "aws:tokenissuetime",
	"aws:useragent", "aws:userid", "aws:username", "aws:viaawsservice",

	"ec2:createaction", "ec2:resourcetag/", "ec2:securitygroupid", "ec2:vpc",

	"iam:awsservicename", "iam:passedtoservice", "iam:policyarn", "iam:resourcetag/",

	"kms:bypasspolicylockoutsafetycheck", "kms:calleraccount", "kms:encryptionalgorithm", "kms:encryptioncontext:",
	"kms:encryptioncontextkeys", "kms:grantconstrainttype", "kms:grantisforawsresource", "kms:grantoperations",
	"kms:granteeprincipal", "kms:keyorigin", "kms:keyspec", "kms:keyusage", "kms:multiregion", "kms:reencryptonsamekey",
	"kms:requestalias", "kms:resourcealiases", "kms:retiringprincipal", "kms:scheduledeletionpendingwindowindays",
	"kms:viaservice",

	"redshift-serverless:durationseconds",

	"redshift:consumeridentifier", "redshift:dbname", "redshift:dbuser", "redshift:durationseconds",

	"s3:authtype", "s3:createbucketconfiguration", "s3:delimiter", "s3:existingobjecttag/", "s3:if-match", "s3:if-none-match",
	"s3:locationconstraint", "s3:max-keys", "s3:objectcreationoperation", "s3:prefix", "s3:requestobjecttag/",
	"s3:requestobjecttagkeys", "s3:resourceaccount", "s3:signatureage", "s3:signatureversion", "s3:tlsversion", "s3:versionid",
	"s3:x-amz-acl", "s3:x-amz-content-sha256", "s3:x-amz-copy-source", "s3:x-amz-metadata-directive",
	"s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id",
	"s3:x-amz-server-side-encryption-customer-algorithm", "s3:x-amz-storage-class",

	"sts:externalid", "sts:rolesessionname", "sts:sourceidentity", "sts:transitivetagkeys",
}

func known(key string) bool {
	// Claims of a web identity token go by the issuer's name, which can be any.
	if at := strings.LastIndexByte(key, ':'); at > 0 && strings.ContainsAny(key[:at], "./") && (key[at+1:] == "aud" || key[at+1:] == "sub") {
		return true
	}
	return slices.ContainsFunc(keys, func(k string) bool {
		if strings.HasSuffix(k, "/") || strings.HasSuffix(k, ":") {
			return strings.HasPrefix(key, k) && len(key) > len(k)
		}
		return key == k
	})
}
