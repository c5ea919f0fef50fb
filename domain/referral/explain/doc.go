// Package explain says why a figure changed. It is pure: rows in, causes and parts out, no clock, no store.
//
//   - [Causes] searches any table of leaves with a real and a predicted value for the few combinations of attributes
//     that explain where the two differ ([RunFile] does so for a file of tables).
//   - [ByDimension] and [Drivers] split the change of a metric between two periods exactly: the parts sum to the
//     delta, to the micro-USDT.
//   - [Top] picks from those splits the few parts that say most with the least.
package explain
