// Package domain holds what every part of Partner Hub speaks of: the caller, money, periods and errors.
//
// It and the packages below it import the standard library only, so that the rules can be read, and
// tested, without a database, a network or a model.
package domain
