// Package runner carries out a plan: tables side by side, each step by step, every step written down before it happens
// and after. It sees only the plan, and reaches the world through the interfaces it declares.
//
// Start from Run, which says who runs what, and step.go, the one place through which every side effect passes.
package runner
