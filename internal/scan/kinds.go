package scan

import (
	"github.com/sealift/sealift/internal/redshift"
)

// Class is a kind of personal data, as documents and figures group them.
type Class string

// The classes.
const (
	Name       Class = "name"
	Email      Class = "e-mail"
	Phone      Class = "phone"
	Address    Class = "address"
	Birth      Class = "birth"
	NationalID Class = "national id"
	Finance    Class = "finance"
	Device     Class = "device"
	Secret     Class = "secret"
	Special    Class = "special"
	FreeText   Class = "free text"
)

// Classes lists all, in the order in which they are documented.
func Classes() []Class {
	return []Class{Name, Email, Phone, Address, Birth, NationalID, Finance, Device, Secret, Special, FreeText}
}

// form is what sort of type a column has, as far as scanning cares.
type form int

const (
	texts   form = 1 << iota // VARCHAR, CHAR
	wholes                   // whole numbers, and decimals without places
	reals                    // decimals with places, floats
	dates                    // DATE, TIMESTAMP, TIMESTAMPTZ
	bools                    // BOOLEAN
	opaques                  // VARBYTE
	nested                   // SUPER
	others                   // what cannot hold any of it
)

func formOf(t redshift.Type) form {
	switch t.Name {
	case redshift.Varchar, redshift.Char:
		return texts
	case redshift.SmallInt, redshift.Integer, redshift.BigInt:
		return wholes
	case redshift.Decimal:
		if t.Scale == 0 {
			return wholes
		}
		return reals
	case redshift.Real, redshift.Double:
		return reals
	case redshift.Date, redshift.Timestamp, redshift.TimestampTZ:
		return dates
	case redshift.Boolean:
		return bools
	case redshift.Varbyte:
		return opaques
	case redshift.Super:
		return nested
	default:
		return others
	}
}

// kind is one thing that a column can look like.
type kind struct {
	label string // for people: what it looks like
	class Class
	forms form // of columns that can hold it
	least int  // shortest text column that can
	// checks are those that values of this kind pass, by name; the one with the best share counts.
	checks []string
	// alone tells that its checks say so without any help of the name.
	alone bool
	// certain tells that nearly all values pass: a name without such values is wrong.
	certain bool
	// suggest are the masks to try, best first; after them come those that fit any column.
	suggest []suggestion
}

// kinds by the names that the rules of words.go give them.
var kinds = map[string]*kind{
	"given":  {label: "given name", class: Name, forms: texts, least: 1, checks: []string{"names"}, suggest: []suggestion{use("first_name")}},
	"family": {label: "family name", class: Name, forms: texts, least: 2, checks: []string{"names"}, suggest: []suggestion{use("last_name")}},
	"full":   {label: "name of a person", class: Name, forms: texts, least: 4, checks: []string{"names"}, alone: true, suggest: []suggestion{use("full_name"), use("last_name")}},
	"login":  {label: "user name", class: Name, forms: texts, least: 3, checks: []string{"names"}, suggest: []suggestion{hash(16), hash(8)}},

	"email": {
		label: "e-mail address", class: Email, forms: texts, least: 6, checks: []string{"email"}, alone: true, certain: true,
		suggest: []suggestion{use("email"), use("email", "length", 12), use("email", "length", 8)},
	},
	"phone": {
		label: "phone number", class: Phone, forms: texts | wholes, least: 7, checks: []string{"phone", "nanp"}, alone: true,
		suggest: []suggestion{use("phone"), numbers(1_000_000_000, 9_999_999_999)},
	},

	"street":  {label: "street and house number", class: Address, forms: texts, least: 5, checks: []string{"street"}, suggest: []suggestion{part("street"), use("street")}},
	"city":    {label: "city", class: Address, forms: texts, least: 3, suggest: []suggestion{part("city"), use("city")}},
	"state":   {label: "state or county", class: Address, forms: texts, least: 2, suggest: []suggestion{part("state")}},
	"postal":  {label: "postal code", class: Address, forms: texts | wholes, least: 4, checks: []string{"postal"}, suggest: []suggestion{use("zip3")}},
	"latlong": {label: "latitude or longitude", class: Address, forms: reals | texts, least: 4, checks: []string{"latlong"}, suggest: []suggestion{use("geo_round", "digits", 1)}},

	"birth": {
		label: "date of birth", class: Birth, forms: dates | texts | wholes, least: 6, checks: []string{"birth"},
		suggest: []suggestion{use("date_trunc", "to", "year")},
	},
	"age": {label: "age or year of birth", class: Birth, forms: wholes | texts, least: 1, suggest: []suggestion{use("age_cap"), use("bucket", "step", 10)}},

	"ssn": {
		label: "social security number", class: NationalID, forms: texts | wholes, least: 4, checks: []string{"ssn"}, alone: true,
		suggest: []suggestion{use("ssn"), use("scramble"), numbers(900_000_000, 999_999_999)},
	},
	"nhs":   {label: "NHS number", class: NationalID, forms: texts | wholes, least: 10, checks: []string{"nhs"}, alone: true, suggest: scrambled},
	"cpf":   {label: "CPF", class: NationalID, forms: texts | wholes, least: 11, checks: []string{"cpf"}, alone: true, suggest: scrambled},
	"pesel": {label: "PESEL", class: NationalID, forms: texts | wholes, least: 11, checks: []string{"pesel"}, alone: true, suggest: scrambled},
	"bsn":   {label: "BSN", class: NationalID, forms: texts | wholes, least: 9, checks: []string{"bsn"}, alone: true, suggest: scrambled},
	"sin":   {label: "social insurance number", class: NationalID, forms: texts | wholes, least: 9, checks: []string{"sin"}, alone: true, suggest: scrambled},
	"natid": {label: "official identity number", class: NationalID, forms: texts | wholes, least: 5, suggest: scrambled},

	"card": {
		label: "card number", class: Finance, forms: texts | wholes, least: 4, checks: []string{"card"}, alone: true,
		suggest: []suggestion{use("card"), numbers(9_000_000_000_000_000, 9_099_999_999_999_999), use("scramble")},
	},
	"iban":    {label: "IBAN", class: Finance, forms: texts, least: 15, checks: []string{"iban"}, alone: true, suggest: []suggestion{use("iban"), use("scramble")}},
	"bic":     {label: "BIC", class: Finance, forms: texts, least: 8, checks: []string{"bic"}, suggest: scrambled},
	"routing": {label: "bank routing number", class: Finance, forms: texts | wholes, least: 6, checks: []string{"aba"}, alone: true, suggest: scrambled},
	"account": {label: "bank account number", class: Finance, forms: texts | wholes, least: 5, suggest: scrambled},
	"cvv":     {label: "card security code", class: Finance, forms: texts | wholes, least: 3, suggest: []suggestion{use("null")}},

	"ip":        {label: "IP address", class: Device, forms: texts, least: 7, checks: []string{"ipv4", "ipv6"}, certain: true, suggest: []suggestion{use("ip"), hash(16)}},
	"mac":       {label: "MAC address", class: Device, forms: texts, least: 12, checks: []string{"mac"}, alone: true, suggest: scrambled},
	"deviceid":  {label: "number of a device", class: Device, forms: texts | wholes, least: 8, checks: []string{"imei", "uuid"}, suggest: []suggestion{use("uuid"), use("scramble"), hash(16)}},
	"useragent": {label: "user agent", class: Device, forms: texts, least: 20, suggest: []suggestion{use("null")}},
	"cookie":    {label: "cookie or session", class: Device, forms: texts | wholes, least: 4, checks: []string{"uuid"}, suggest: []suggestion{use("uuid"), hash(32), hash(16)}},

	"password": {label: "password", class: Secret, forms: texts | opaques, least: 4, suggest: []suggestion{use("null")}},
	"key":      {label: "token or key", class: Secret, forms: texts | opaques, least: 8, suggest: []suggestion{use("null")}},

	"record":    {label: "medical record number", class: Special, forms: texts | wholes, least: 4, suggest: scrambled},
	"npi":       {label: "health provider number", class: Special, forms: texts | wholes, least: 10, checks: []string{"npi"}, suggest: scrambled},
	"health":    {label: "health data", class: Special, forms: texts | wholes | reals | bools, least: 1, suggest: []suggestion{use("null")}},
	"sensitive": {label: "special category (gender, origin, belief)", class: Special, forms: texts | wholes | bools, least: 1, suggest: []suggestion{use("null")}},
	"salary":    {label: "pay", class: Special, forms: texts | wholes | reals, least: 1, suggest: []suggestion{use("num_noise", "basis_points", 1000), use("bucket", "step", 10_000)}},

	"text":   {label: "free text", class: FreeText, forms: texts, least: 40, checks: []string{"inside"}, suggest: []suggestion{use("null")}},
	"nested": {label: "free text", class: FreeText, forms: nested, checks: nil, suggest: []suggestion{use("null")}},
}
