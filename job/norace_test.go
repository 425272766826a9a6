//go:build !race

package job_test

const slower = 1
