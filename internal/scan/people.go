package scan

import (
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
)

// commonGiven and commonFamily are names that are common in several countries, from general knowledge, without those that
// are common words besides.
const (
	commonGiven = `james robert john michael david william richard joseph thomas christopher charles daniel matthew anthony steven andrew kenneth paul
		joshua kevin brian george timothy ronald jason edward jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin
		mary patricia jennifer linda elizabeth barbara susan jessica karen sarah lisa nancy sandra betty ashley emily kimberly margaret donna michelle
		carol amanda melissa deborah stephanie rebecca sharon laura cynthia amy kathleen angela anna emma nicole samantha katherine christine rachel
		peter hans klaus stefan jan pierre jean marie luca marco giulia jose juan carlos luis maria ana ivan olga ahmed mohammed fatima wei li priya
		anil hiroshi yuki kim`
	commonFamily = `smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson thomas taylor moore
		jackson martin lee perez thompson harris sanchez clark ramirez lewis robinson walker allen wright torres nguyen flores adams nelson rivera campbell
		mitchell carter roberts gomez phillips evans turner diaz cruz edwards collins reyes stewart morris morales murphy rogers gutierrez ortiz morgan
		cooper peterson bailey kelly howard ramos kim richardson watson brooks chavez bennett mendoza ruiz hughes alvarez castillo sanders patel myers
		jimenez müller schmidt schneider fischer weber meyer wagner becker schulz hoffmann dubois durand leroy moreau rossi russo ferrari esposito bianchi
		silva santos oliveira souza kowalski nowak jansen ivanov petrov singh kumar sharma khan ali wang li zhang chen liu yang tanaka suzuki sato`
)

// knownNames are these and those that masks choose from, in small letters: a masked table is one of people too.
var knownNames = sync.OnceValues(func() (given, family []string) {
	all := dictionaries()
	together := func(common string, d *mask.Dictionary) []string {
		names := strings.Fields(common)
		for n := range d.Entries("") {
			names = append(names, strings.ToLower(n))
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	return together(commonGiven, all["first_name"]), together(commonFamily, all["last_name"])
})

// namesSQL tells whether the first word of a text is a given name, or its last a family name; with a comma it is the other
// way round. A single word may be either.
func namesSQL(s slots) redshift.SQL {
	given, family := knownNames()
	lower := redshift.Build("LOWER(?)", s.text)
	plain := redshift.Build("CASE WHEN STRPOS(?, ', ') > 0 THEN SPLIT_PART(?, ', ', 2) || ' ' || SPLIT_PART(?, ', ', 1) ELSE ? END", lower, lower, lower, lower)
	first := redshift.Build("SPLIT_PART(?, ' ', 1)", plain)
	last := redshift.Build("REVERSE(SPLIT_PART(REVERSE(?), ' ', 1))", plain)
	in := func(word redshift.SQL, names []string) redshift.SQL {
		list := make([]redshift.SQL, len(names))
		for i, n := range names {
			list[i] = redshift.Build("?", redshift.Lit(n))
		}
		return redshift.Build("? IN (?)", word, redshift.Join(", ", list...))
	}
	return redshift.Build("(? OR ?)", in(first, given), in(last, family))
}

func named(v value) bool {
	given, family := knownNames()
	text := strings.ToLower(v.text)
	if parts := strings.Split(text, ", "); len(parts) > 1 {
		text = parts[1] + " " + parts[0]
	}
	words := strings.Split(text, " ")
	_, first := slices.BinarySearch(given, words[0])
	_, last := slices.BinarySearch(family, words[len(words)-1])
	return first || last
}

// What is asked of values in memory only.

// knownDomain tells whether what follows the last dot can be the end of an address: SQL takes any letters.
func knownDomain(v value) bool {
	end := strings.ToLower(v.text[strings.LastIndexByte(v.text, '.')+1:])
	return len(end) == 2 || slices.Contains(domainEnds, end)
}

// domainEnds are the longer ends of domains that are common, and those reserved for examples.
var domainEnds = []string{
	"com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "name", "pro", "mobi", "jobs", "travel", "museum", "coop", "aero", "app", "dev", "online", "site", "shop", "store",
	"tech", "cloud", "email", "live", "xyz", "club", "blog", "digital", "agency", "company", "group", "health", "media", "network", "solutions", "systems", "academy", "bank", "london",
	"berlin", "paris", "tokyo", "example", "test", "invalid", "localhost",
}

func parsesAsIP(v value) bool {
	_, err := netip.ParseAddr(v.text)
	return err == nil
}

// phoneLength is what the international numbering plan allows: at most 15 digits, and nobody has fewer than 7.
func phoneLength(v value) bool {
	n := len(strings.TrimPrefix(v.digits, "00"))
	return n >= 7 && n <= 15
}

// ibanLengths are how long the IBANs of the larger countries are.
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21,
	"HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SA": 24, "SE": 24,
	"SI": 19, "SK": 24, "SM": 27, "TR": 26,
}

func ibanLength(v value) bool {
	s := strings.ReplaceAll(v.text, " ", "")
	n, known := ibanLengths[s[:2]]
	return !known || len(s) == n
}
