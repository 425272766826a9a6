package redshift

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var (
	roleARN = regexp.MustCompile(`^arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$`)
	kmsKey  = regexp.MustCompile(`^(?:arn:aws(?:-[a-z]+)*:kms:[a-z0-9-]{1,32}:[0-9]{12}:)?(?:key/)?(?:mrk-)?[0-9a-f][0-9a-f-]{31,35}$`)
	alias   = regexp.MustCompile(`^(?:arn:aws(?:-[a-z]+)*:kms:[a-z0-9-]{1,32}:[0-9]{12}:)?alias/[A-Za-z0-9/_-]{1,250}$`)
	region  = regexp.MustCompile(`^[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}$`)
)

// ParseRoleChain reads what UNLOAD and COPY run as: the ARN of a role attached to the warehouse, or a chain of them, each
// assuming the next, divided by commas. Keys are never accepted in SQL.
func ParseRoleChain(s string) ([]string, error) {
	if strings.TrimSpace(s) == "" {
		return nil, errors.New("no role is named")
	}
	// A role's name may hold a comma; what follows one that divides is an ARN.
	var roles []string
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if len(roles) > 0 && !strings.HasPrefix(part, "arn:") {
			roles[len(roles)-1] += "," + part
			continue
		}
		roles = append(roles, part)
	}
	for _, r := range roles {
		if !roleARN.MatchString(r) {
			return nil, fmt.Errorf("%q is not the ARN of a role (arn:aws:iam::123456789012:role/name)", r)
		}
	}
	return roles, nil
}

// CheckKMSKey tells whether s can name a KMS key in a statement: an id, an ARN or an alias.
func CheckKMSKey(s string) error {
	if !kmsKey.MatchString(s) && !alias.MatchString(s) {
		return fmt.Errorf("%q is not a KMS key: an id, an ARN or alias/name is wanted", s)
	}
	return nil
}

// KeyFor is how an UNLOAD that runs as chain names a key: by its bare id in the account of the role that writes, as the
// manual's examples do; by its ARN in another, because S3 looks for an id in the writer's account.
func KeyFor(keyARN, chain string) (string, error) {
	if err := CheckKMSKey(keyARN); err != nil {
		return "", err
	}
	roles, err := ParseRoleChain(chain)
	if err != nil {
		return "", err
	}
	key := strings.Split(keyARN, ":") // arn:aws:kms:region:account:key/id
	writer := strings.Split(roles[len(roles)-1], ":")
	if len(key) != 6 {
		return "", fmt.Errorf("%q is not the ARN of a KMS key", keyARN)
	}
	id, isKey := strings.CutPrefix(key[5], "key/")
	if !isKey {
		return "", fmt.Errorf("%q is an alias, not a key", keyARN)
	}
	if key[4] != writer[4] || key[1] != writer[1] {
		return keyARN, nil
	}
	return id, nil
}

// authorization is the clause that says who acts. No spaces may stand between the roles of a chain (DG
// copy-parameters-authorization).
func authorization(chain string) SQL {
	roles, err := ParseRoleChain(chain)
	if err != nil {
		panic("redshift: " + err.Error())
	}
	return Build("IAM_ROLE ?", Lit(strings.Join(roles, ",")))
}

func checkRegion(s string) error {
	if s != "" && !region.MatchString(s) {
		return fmt.Errorf("%q is not a region", s)
	}
	return nil
}

// nullMarker is what may stand for NULL in text: nothing that ESCAPE touches, so that it reads the same before and after
// (UNLOAD escapes after it has put the marker in), and long enough that few values are like it. NullMarkerQuery proves
// that none is.
var nullMarker = regexp.MustCompile(`^[A-Za-z0-9@:_.#-]{4,128}$`)

// CanStandForNull tells whether a text can stand for NULL in CSV that UNLOAD writes: one that no reader takes for anything but a field.
func CanStandForNull(text string) bool { return !strings.ContainsAny(text, "\x00\n\r\",") }

// CanBeNull tells whether a text can stand for NULL in CSV that somebody else wrote: nothing that COPY gives a meaning to.
func CanBeNull(text string) bool { return foreignNull.MatchString(text) }

var foreignNull = regexp.MustCompile(`^[A-Za-z0-9@:_./#-]{1,128}$`)

func checkFormat(format, nullAs string) error {
	switch format {
	case Parquet:
		return nil
	case Text:
		if !nullMarker.MatchString(nullAs) {
			return fmt.Errorf("%q cannot stand for NULL in text", nullAs)
		}
		return nil
	default:
		return fmt.Errorf("format %q is not known", format)
	}
}
