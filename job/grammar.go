package job

import (
	"regexp"
	"sync"
)

// Grammar is what a text must look like. Its expression is understood by Go and by JSON Schema (ECMA 262) alike.
type Grammar struct {
	Expr string
	What string // completes "is not ..."
	// Hidden says that a wrong value is not repeated in messages: it may be a secret that was put in the wrong place.
	Hidden bool
	re     func() *regexp.Regexp // compiled when it is first needed: most invocations read no job
}

const (
	roleExpr = `arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9_+=.@/-]+`
	// S3 takes more in a key, but only these need no care anywhere: in URLs, manifests, policies and shells.
	keyPart = `[A-Za-z0-9_=-][A-Za-z0-9._=-]*`
)

// grammars are by the name that the tag grammar gives.
var grammars = lazily(map[string]Grammar{
	"cluster":   {Expr: `[a-z]([a-z0-9]|-[a-z0-9]){0,62}`, What: "a cluster identifier (small letters, digits and single hyphens)"},
	"workgroup": {Expr: `[a-z0-9-]{3,64}`, What: "a workgroup's name (small letters, digits and hyphens)"},
	"host":      {Expr: `[A-Za-z0-9:]([A-Za-z0-9._:-]{0,252}[A-Za-z0-9:])?`, What: "a host name or an address, without scheme, user or port", Hidden: true},
	"postgres":  {Expr: `/[^\x00-\x1f]{0,90}|[A-Za-z0-9:]([A-Za-z0-9._:-]{0,252}[A-Za-z0-9:])?`, What: "a host name or an address, without scheme, user or port, or the folder of a socket", Hidden: true},
	"region":    {Expr: `[a-z]{2}(-[a-z]+)+-[0-9]+`, What: "a region such as eu-west-1"},
	"account":   {Expr: `[0-9]{12}`, What: "an account id of 12 digits"},
	"role":      {Expr: roleExpr, What: "a role's ARN: arn:aws:iam::111122223333:role/NAME"},
	"role_chain": {
		Expr: roleExpr + `(,` + roleExpr + `)*`,
		What: "a role's ARN, or several joined by commas without blanks: arn:aws:iam::111122223333:role/NAME",
	},
	"external_id": {Expr: `[A-Za-z0-9_+=,.@:/-]{2,}`, What: "an external id (2 to 1224 letters, digits and _+=,.@:/-)", Hidden: true},
	"password_from": {
		Expr:   `env:[A-Za-z_][A-Za-z0-9_]*|file:/.+|kms:[A-Za-z0-9+/]+={0,2}|secretsmanager:arn:aws(-[a-z]+)*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+`,
		What:   "where a password lives: env:NAME, file:/path, kms:BASE64 or secretsmanager:ARN",
		Hidden: true,
	},
	"db_group":       {Expr: `[a-z_][a-z0-9_$]{0,126}`, What: "a group's name in small letters"},
	"security_group": {Expr: `sg-[0-9a-f]{8,17}`, What: "a security group's id: sg-0a1b2c3d"},
	"address":        {Expr: `auto|[0-9a-fA-F:.]+/[0-9]{1,3}`, What: "auto, or an address with its length: 203.0.113.7/32"},
	"https_url":      {Expr: `https://[^\s/@]+(/\S*)?`, What: "an address that begins with https://, without a user", Hidden: true},
	"ttl":            {Expr: `[1-9][0-9]{0,2}m|[1-9][0-9]?h`, What: "a time such as 30m or 2h"},
	"percent":        {Expr: `[0-9]{1,3}(\.[0-9]{1,4})?`, What: "a percentage such as 10 or 0.5"},
	"children":       {Expr: `all|none|[1-9][0-9]{0,6}`, What: "all, none, or how many"},
	"lookback":       {Expr: `[0-9]{1,15}|[1-9][0-9]{0,4}[smhd]`, What: "a time such as 30m, 2h or 3d, or a number"},
	"mask_key": {
		Expr:   `ephemeral|env:[A-Za-z_][A-Za-z0-9_]*|file:/.+|kms:[A-Za-z0-9+/]+={0,2}|secretsmanager:arn:aws(-[a-z]+)*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+`,
		What:   "where a master key lives: env:NAME, file:/path, kms:BASE64, secretsmanager:ARN, or ephemeral",
		Hidden: true,
	},
	"records":   {Expr: `all|[1-9][0-9]{0,17}`, What: "all, or a number of records"},
	"delimiter": {Expr: `tab|\\t|[\t\x20-\x7e]`, What: "one character of ASCII, or tab"},
	"quote":     {Expr: `none|tab|\\t|[\t\x20-\x7e]`, What: "one character of ASCII, or none"},
	"mask_word": {Expr: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`, What: "a word of letters, digits and . _ -"},
	"stage_url": {
		Expr:   `s3://[a-z0-9]([a-z0-9.-]{1,61})[a-z0-9](/` + keyPart + `)*/?`,
		What:   "s3://BUCKET/PREFIX (a prefix of letters, digits and ._=- between slashes)",
		Hidden: true,
	},
	"kms_key": {
		Expr: `alias/[A-Za-z0-9/_-]{1,250}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}|` +
			`arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+`,
		What: "a KMS key: alias/NAME, a key id or a key's ARN",
	},
})

// Fits tells whether a text is such as the grammar says.
func (g Grammar) Fits(text string) bool { return g.re().MatchString(text) }

func lazily(g map[string]Grammar) map[string]Grammar {
	for name, one := range g {
		one.re = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:` + one.Expr + `)$`) })
		g[name] = one
	}
	return g
}

// GrammarOf is the grammar that a field's tag names; the zero Grammar, which no text fits, if there is none.
func GrammarOf(name string) Grammar { return grammars[name] }
