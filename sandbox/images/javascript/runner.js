// Waits, warm, for one program; then becomes it. Descriptors 3 and 4: see ../init/init.c.
'use strict'
const fs = require('fs')
const path = require('path')
const vm = require('vm')
const { Module } = require('module')
const { pathToFileURL } = require('url')

const tell = (what) => fs.writeSync(4, what)

function compiles(file) {
  if (!/\.c?js$/.test(file)) return true // modules are compiled by import()
  try {
    new vm.Script(Module.wrap(fs.readFileSync(file, 'utf8').replace(/^#!.*/, '')), { filename: file })
    return true
  } catch (error) {
    process.stderr.write(`${error.stack}\n`)
    return false
  }
}

function begin(file, args) {
  process.argv = [process.argv[0], file, ...args]
  if (/\.mjs$/.test(file)) return import(pathToFileURL(file))
  Module.runMain ? Module.runMain(file) : require(file)
}

tell('r')
const [name, ...args] = fs.readFileSync(3, 'utf8').split('\0').slice(0, -1)
fs.closeSync(3)
const file = path.resolve(name)
if (!compiles(file)) {
  tell('c')
  process.exitCode = 1
} else {
  tell('p')
  fs.closeSync(4)
  begin(file, args)
}
