package redshift

import "testing"

// TestRowTextWidth shows that the text of a row stays below what an expression may have, whatever the columns are.
func TestRowTextWidth(t *testing.T) {
	t.Parallel()
	// The widest of each type's texts, and what the type says about them.
	for name, longest := range map[string]string{
		SmallInt: "-32768", Integer: "-2147483648", BigInt: "-9223372036854775808", Date: "4713-01-01 BC",
		Time: "23:59:59.999999", TimeTZ: "23:59:59.999999+15:59:59", Timestamp: "294276-12-31 23:59:59.999999",
		TimestampTZ: "4713-01-01 00:00:00.000001+00 BC", Boolean: "t",
	} {
		if got := valueText(SQL{"c"}, Type{Name: name}).width; got < len(longest) {
			t.Errorf("%s: width %d, but %s has %d", name, got, longest, len(longest))
		}
	}
	const most = 65_535
	for _, typ := range []Type{
		{Name: SmallInt},
		{Name: Integer},
		{Name: BigInt},
		{Name: Decimal, Precision: 38, Scale: 37},
		{Name: Real},
		{Name: Double},
		{Name: Boolean},
		{Name: Char, Length: 32},
		{Name: Char, Length: 33},
		{Name: Varchar, Length: 25},
		{Name: Varchar, Length: 26},
		{Name: Varchar, Length: 32},
		{Name: Varchar, Length: maxVarchar},
		{Name: Date},
		{Name: TimestampTZ},
		{Name: TimeTZ},
		{Name: Super},
		{Name: Varbyte, Length: maxVarbyte},
	} {
		for _, columns := range []int{1, 2, 100, 300, 1600} {
			width := 0
			for _, p := range rowPieces(repeat(columns, valueText(SQL{"c"}, typ))) {
				width += p.width
			}
			if width > most {
				t.Errorf("%d columns of %s: %d bytes", columns, typ, width)
			}
		}
	}
}

func repeat(n int, text digestText) []digestText {
	texts := make([]digestText, n)
	for i := range texts {
		texts[i] = text
	}
	return texts
}
