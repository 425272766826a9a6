package cli

import (
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// Every key of every JSON answer is in docs/output.md. That what it says is true is for readers to see.
func TestOutputIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/output.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, answer := range []reflect.Type{
		reflect.TypeFor[plan.Plan](), reflect.TypeFor[journal.Entry](), reflect.TypeFor[receipt.Receipt](), reflect.TypeFor[failure](),
		reflect.TypeFor[job.Error](), reflect.TypeFor[runSummary](), reflect.TypeFor[buildVersion](),
		reflect.TypeFor[sealift.Comparison](), reflect.TypeFor[sealift.Cleaning](), reflect.TypeFor[sealift.Checkup](), reflect.TypeFor[sealift.Scanned](),
		reflect.TypeFor[syncAnswer](), reflect.TypeFor[syncPlanAnswer](), reflect.TypeFor[syncedTable](),
	} {
		for key, where := range jsonKeys(answer, map[reflect.Type]bool{}) {
			if !strings.Contains(string(text), "`"+key+"`") {
				t.Errorf("`%s` of %s is not in docs/output.md", key, where)
			}
		}
	}
}

// jsonKeys are all keys of a type and of what it is made of, with the type that has them.
func jsonKeys(t reflect.Type, seen map[reflect.Type]bool) map[string]reflect.Type {
	keys := map[string]reflect.Type{}
	switch {
	case seen[t] || t == reflect.TypeFor[time.Time]():
		return keys
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice:
		return jsonKeys(t.Elem(), seen)
	case t.Kind() != reflect.Struct:
		return keys
	}
	seen[t] = true
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			keys[name] = t
		}
		maps.Copy(keys, jsonKeys(f.Type, seen))
	}
	return keys
}
