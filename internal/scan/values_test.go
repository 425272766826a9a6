package scan_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Values for the labelled catalog. Check digits are computed here by rules written down again, from the numbers' own
// descriptions, and not by the package's.

var (
	givenNames = strings.Fields(`James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas
		Sarah Charles Karen Daniel Lisa Anna Peter Laura Emma Oliver Sofia Lucas Mia Oluwaseun Xiomara Thandiwe Aleksandra Wei Priya Fatima Hiroshi Ingrid Joao`)
	familyNames = strings.Fields(`Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Wilson Anderson Taylor Moore Jackson Martin Lee
		Thompson White Harris Clark Lewis Walker Schmidt Fischer Weber Becker Rossi Kowalski Nguyen Okonkwo Papadopoulos Bjornsson Haddad Szczepanski`)
	streets  = []string{"Maple Street", "Oak Avenue", "High Street", "Church Road", "Station Lane", "Victoria Terrace", "Mill Lane", "Park Drive", "King's Road", "5th Avenue"}
	cities   = []string{"Springfield", "Portland", "Leeds", "Bremen", "Lyon", "Austin", "Denver", "Toronto", "Utrecht", "Graz", "Salem", "Dover", "Kyoto", "Porto"}
	products = []string{"Green Tea", "Rose Water", "Oak Table", "Steel Kettle", "Cotton Shirt", "Running Shoe", "Desk Lamp", "Baker Street Mug", "Mason Jar", "Grace Notes Speaker", "Trail Backpack", "Wool Blanket"}
	firms    = []string{"Acme Logistics", "Global Foods", "Northwind Traders", "Blue Yonder Air", "Fabrikam", "City Theatre", "Riverside Hall", "Delta Freight", "Hillside Inn", "Pioneer Bank"}
	phrases  = []string{"Spring Sale", "Checkout Started", "Jazz Concert", "Page Viewed", "Lower East", "Premium Plan", "Opening Night", "Algebra", "Customer Care", "Morning Shift", "Annual Review", "Golden Hour"}
	sentence = "The delivery came late and the box was damaged on one side, please send another part soon."
	agents   = []string{"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/118.0", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1.15"}
)

func one(r *rand.Rand, of []string) string { return of[r.IntN(len(of))] }

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	return string(b)
}

// withLuhn puts the check digit of ISO/IEC 7812-1 behind a number.
func withLuhn(s string) string {
	n := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		n += d
	}
	return s + string(byte('0'+(10-n%10)%10))
}

// valid draws numbers until one passes.
func valid(r *rand.Rand, n int, pass func(d []int) bool) string {
	for {
		s := digits(r, n)
		d := make([]int, n)
		for i := range d {
			d[i] = int(s[i] - '0')
		}
		if pass(d) {
			return s
		}
	}
}

func weighted(d []int, weights ...int) int {
	n := 0
	for i, w := range weights {
		n += d[i] * w
	}
	return n
}

// iban makes a German IBAN: 98 less the remainder of the account, DE as 1314 and two zeros.
func iban(r *rand.Rand) string {
	account := digits(r, 18)
	rest := 0
	for _, c := range account + "131400" {
		rest = (rest*10 + int(c-'0')) % 97
	}
	return fmt.Sprintf("DE%02d%s", 98-rest, account)
}

// makers make the n-th value of a column.
var makers = map[string]func(r *rand.Rand, n int) string{
	"seq":      func(_ *rand.Rand, n int) string { return fmt.Sprint(100_000_001 + n*7) },
	"small":    func(r *rand.Rand, _ int) string { return fmt.Sprint(r.IntN(90)) },
	"year":     func(r *rand.Rand, _ int) string { return fmt.Sprint(1950 + r.IntN(55)) },
	"money":    func(r *rand.Rand, _ int) string { return fmt.Sprint(20 + r.IntN(700)) },
	"rate":     func(r *rand.Rand, _ int) string { return "0." + digits(r, 4) },
	"bool":     func(r *rand.Rand, _ int) string { return one(r, []string{"true", "false"}) },
	"yn":       func(r *rand.Rand, _ int) string { return one(r, []string{"M", "F"}) },
	"letter":   func(r *rand.Rand, _ int) string { return string(byte('A' + r.IntN(26))) },
	"status":   func(r *rand.Rand, _ int) string { return one(r, []string{"new", "open", "paid", "done"}) },
	"state":    func(r *rand.Rand, _ int) string { return one(r, []string{"CA", "NY", "TX", "WA", "DE", "FR"}) },
	"currency": func(r *rand.Rand, _ int) string { return one(r, []string{"EUR", "USD", "GBP", "JFK", "LHR"}) },
	"country": func(r *rand.Rand, _ int) string {
		return one(r, []string{"Germany", "France", "Japan", "Chad", "Georgia"})
	},
	"title": func(r *rand.Rand, _ int) string {
		return one(r, []string{"Head of Sales", "Engineer", "Analyst", "Buyer"})
	},
	"words":   func(r *rand.Rand, _ int) string { return one(r, phrases) },
	"product": func(r *rand.Rand, n int) string { return one(r, products) + " " + string(byte('A'+n%26)) },
	"company": func(r *rand.Rand, _ int) string { return one(r, firms) },
	"given":   func(r *rand.Rand, _ int) string { return one(r, givenNames) },
	"family":  func(r *rand.Rand, _ int) string { return one(r, familyNames) },
	"full":    func(r *rand.Rand, _ int) string { return one(r, givenNames) + " " + one(r, familyNames) },
	"login":   func(r *rand.Rand, _ int) string { return strings.ToLower(one(r, givenNames)[:3]) + digits(r, 3) },
	"email": func(r *rand.Rand, n int) string {
		return fmt.Sprintf("%s.%d@%s", strings.ToLower(one(r, givenNames)), n, one(r, []string{"example.com", "mail.example.org"}))
	},
	"domain": func(r *rand.Rand, _ int) string { return one(r, []string{"example.com", "example.org"}) },
	"phone": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("(%d55) 5%s-%s", 2+r.IntN(8), digits(r, 2), digits(r, 4))
	},
	"phoneintl": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("+49 %d%s %s", 1+r.IntN(9), digits(r, 2), digits(r, 7))
	},
	"phone10": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%d1%d555%s", 2+r.IntN(8), 2+r.IntN(8), digits(r, 4))
	},
	"street": func(r *rand.Rand, _ int) string { return fmt.Sprintf("%d %s", 1+r.IntN(400), one(r, streets)) },
	"city":   func(r *rand.Rand, _ int) string { return one(r, cities) },
	"zip":    func(r *rand.Rand, _ int) string { return digits(r, 5) },
	"zipint": func(r *rand.Rand, _ int) string { return fmt.Sprint(10_000 + r.IntN(89_999)) },
	"lat":    func(r *rand.Rand, _ int) string { return fmt.Sprintf("%d.%s", 10+r.IntN(60), digits(r, 6)) },
	"lon":    func(r *rand.Rand, _ int) string { return fmt.Sprintf("-%d.%s", 10+r.IntN(160), digits(r, 6)) },
	"dob": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%d-%02d-%02d", 1940+r.IntN(65), 1+r.IntN(12), 1+r.IntN(28))
	},
	"dobtext": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%02d/%02d/%d", 1+r.IntN(12), 1+r.IntN(28), 1950+r.IntN(55))
	},
	"date": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%d-%02d-%02d", 2015+r.IntN(12), 1+r.IntN(12), 1+r.IntN(28))
	},
	"dateint": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%d%02d%02d", 2010+r.IntN(12), 1+r.IntN(12), 1+r.IntN(28))
	},
	"ts": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("2025-%02d-%02d %02d:30:00", 1+r.IntN(12), 1+r.IntN(28), r.IntN(24))
	},
	"ssn": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%03d-%02d-%04d", 1+r.IntN(600), 1+r.IntN(99), 1+r.IntN(9999))
	},
	"ssn9": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%03d%02d%04d", 1+r.IntN(600), 1+r.IntN(99), 1+r.IntN(9999))
	},
	"nhs": func(r *rand.Rand, _ int) string {
		s := valid(r, 10, func(d []int) bool {
			check := 11 - weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11
			return check != 10 && d[9] == check%11
		})
		return s[:3] + " " + s[3:6] + " " + s[6:]
	},
	"npi": func(r *rand.Rand, _ int) string { return withLuhn("808401" + digits(r, 8))[5:] },
	"cpf": func(r *rand.Rand, _ int) string {
		check := func(n int) int {
			if n %= 11; n >= 2 {
				return 11 - n
			}
			return 0
		}
		s := valid(r, 11, func(d []int) bool {
			return d[9] == check(weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)) && d[10] == check(weighted(d, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2))
		})
		return s[:3] + "." + s[3:6] + "." + s[6:9] + "-" + s[9:]
	},
	"pesel": func(r *rand.Rand, _ int) string {
		birth := fmt.Sprintf("%02d%02d%02d", r.IntN(100), 1+r.IntN(12)+20*r.IntN(2), 1+r.IntN(28))
		for {
			s := birth + digits(r, 5)
			d := make([]int, 11)
			for i := range d {
				d[i] = int(s[i] - '0')
			}
			if (10-weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3)%10)%10 == d[10] {
				return s
			}
		}
	},
	"bsn": func(r *rand.Rand, _ int) string {
		return valid(r, 9, func(d []int) bool { return d[0] > 0 && weighted(d, 9, 8, 7, 6, 5, 4, 3, 2)%11 == d[8] })
	},
	"sin": func(r *rand.Rand, _ int) string { return withLuhn(fmt.Sprint(1+r.IntN(7)) + digits(r, 7)) },
	"aba": func(r *rand.Rand, _ int) string {
		return valid(r, 9, func(d []int) bool { return d[0] == 0 && weighted(d, 3, 7, 1, 3, 7, 1, 3, 7, 1)%10 == 0 })
	},
	"card": func(r *rand.Rand, _ int) string {
		return withLuhn(one(r, []string{"45" + digits(r, 13), "51" + digits(r, 13), "34" + digits(r, 12)}))
	},
	"imei": func(r *rand.Rand, _ int) string { return withLuhn("35" + digits(r, 12)) },
	"iban": func(r *rand.Rand, _ int) string { return iban(r) },
	"bic": func(r *rand.Rand, _ int) string {
		return one(r, []string{"DEUTDEFF", "COBADEFFXXX", "BNPAFRPP", "BARCGB22"})
	},
	"sortcode": func(r *rand.Rand, _ int) string { return digits(r, 2) + "-" + digits(r, 2) + "-" + digits(r, 2) },
	"order16":  func(_ *rand.Rand, n int) string { return fmt.Sprintf("4000%012d", 120_034_500+n) },
	"order16n": func(_ *rand.Rand, n int) string { return fmt.Sprintf("5100%012d", 98_000_000+n) },
	"sku9":     func(r *rand.Rand, _ int) string { return digits(r, 9) },
	"ean13":    func(r *rand.Rand, _ int) string { return "40" + digits(r, 11) },
	"epoch13":  func(_ *rand.Rand, n int) string { return fmt.Sprint(1_760_000_000_000 + n*61_007) },
	"version": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(9), r.IntN(20), r.IntN(60), r.IntN(90))
	},
	"mask": func(r *rand.Rand, _ int) string { return one(r, []string{"255.255.255.0", "255.255.0.0"}) },
	"ip": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(223), r.IntN(256), r.IntN(256), 1+r.IntN(254))
	},
	"ip6": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("2001:db8::%x:%x", 1+r.IntN(65_000), 1+r.IntN(65_000))
	},
	"mac": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("02:%02x:%02x:%02x:%02x:%02x", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256))
	},
	"uuid": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.IntN(65_536), r.IntN(4096), r.IntN(4096), r.Int64N(1<<48))
	},
	"hex": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%c%c%05d", 'A'+r.IntN(26), 'A'+r.IntN(26), r.IntN(100_000))
	},
	"hash64": func(_ *rand.Rand, n int) string {
		h := sha256.Sum256(fmt.Append(nil, n))
		return hex.EncodeToString(h[:])
	},
	"hash40": func(_ *rand.Rand, n int) string {
		h := sha256.Sum256(fmt.Append(nil, n))
		return hex.EncodeToString(h[:20])
	},
	"icd": func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%c%02d.%d", 'A'+r.IntN(26), r.IntN(100), r.IntN(10))
	},
	"url":      func(_ *rand.Rand, n int) string { return fmt.Sprintf("https://www.example.com/p/%d?utm=1", n) },
	"filename": func(_ *rand.Rand, n int) string { return fmt.Sprintf("export_%04d.csv", n) },
	"hostname": func(_ *rand.Rand, n int) string { return fmt.Sprintf("node-%d.internal", n) },
	"agent":    func(r *rand.Rand, _ int) string { return one(r, agents) },
	"prose": func(r *rand.Rand, _ int) string {
		return one(r, []string{sentence, "It works well enough for what it costs, and arrived in two days."})
	},
	"prosepii": func(r *rand.Rand, n int) string {
		if n%12 == 0 {
			return sentence + " Call me on 212-555-0147 or write to ada@example.org"
		}
		return sentence
	},
	"-": nil,
}

func maker(tb testing.TB, name string) func(r *rand.Rand, n int) string {
	tb.Helper()
	if n, ok := strings.CutPrefix(name, "digits"); ok {
		var length int
		if _, err := fmt.Sscan(n, &length); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		return func(r *rand.Rand, _ int) string { return fmt.Sprint(1+r.IntN(9)) + digits(r, length-1) }
	}
	if name == "tracking12" {
		return func(_ *rand.Rand, n int) string { return fmt.Sprintf("%012d", 771_200_000_000+n*13) }
	}
	m, ok := makers[name]
	if !ok {
		tb.Fatalf("nothing makes %q", name)
	}
	return m
}
