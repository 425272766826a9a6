package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// Promise 4: however a secret is printed, logged or marshalled, alone or inside of something, its text stays away.
func TestNothingShowsIt(t *testing.T) {
	t.Parallel()
	const canary = "c4nary-Passw0rd"
	v := New(canary)
	type holder struct {
		Password Value
		Map      map[string]Value
		List     []*Value
		hidden   Value
	}
	h := holder{Password: v, Map: map[string]Value{"k": v}, List: []*Value{&v}, hidden: v}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v, "h", h)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v, "h", h)
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{log.String(), string(text)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, v), fmt.Sprintf(verb, &v), fmt.Sprintf(verb, h))
	}
	for _, s := range shown {
		if strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) {
			t.Errorf("shown in %q", s)
		}
	}
	if v.Reveal() != canary || v.IsZero() || !(Value{}).IsZero() {
		t.Error("the value itself is lost")
	}
}
