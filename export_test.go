package sealift

import "github.com/sealift/sealift/internal/effect"

// SetPoint has every effect of every run from now on told to hook; nil ends that.
func SetPoint(hook effect.Hook) { testOnlyPoint = hook }
