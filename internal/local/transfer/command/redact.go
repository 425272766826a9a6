package command

import (
	"strings"

	"github.com/sealift/sealift/internal/local/dialect"
)

// Redact takes the secrets out of a statement's text, for whoever keeps it: the literals after CREDENTIALS,
// SECRET_ACCESS_KEY, SESSION_TOKEN and MASTER_SYMMETRIC_KEY become '***', and
// so does ACCESS_KEY_ID's. Role names, S3
// paths and key ids of KMS stay, as they do in Redshift's own query history.
func Redact(sql string) string {
	if !strings.ContainsAny(sql, "'$") {
		return sql // without a literal there is no secret, and this is asked of every statement
	}
	tokens := dialect.Lex(sql)
	var out strings.Builder
	out.Grow(len(sql))
	secret := false
	for _, t := range tokens {
		switch t.Kind {
		case dialect.Space, dialect.Comment:
		case dialect.String, dialect.DollarString:
			if secret {
				out.WriteString("'***'")
				secret = false
				continue
			}
		case dialect.Word:
			secret = hidesNext(t.Text) || (secret && strings.EqualFold(t.Text, "AS"))
		default:
			secret = secret && t.Text == "="
		}
		out.WriteString(t.Text)
	}
	return out.String()
}

func hidesNext(word string) bool {
	switch strings.ToUpper(word) {
	case "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "TOKEN", "MASTER_SYMMETRIC_KEY", "PASSWORD":
		return true
	}
	return false
}
