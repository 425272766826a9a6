//go:build race

package sealift_test

// raceDetector says that everything takes several times as long.
const raceDetector = true
