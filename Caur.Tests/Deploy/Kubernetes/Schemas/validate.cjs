// node validate.cjs FOLDER FILE: holds each object of the JSON array in FILE against the schema of its kind, from the packages that were installed
// into FOLDER, and prints a JSON array with the problems of each.
//
// The schemas say nothing of fields that they do not know, and Kubernetes drops those. So each object is looked at through a proxy that notes what
// the schema asked for: whatever it never asked for is no field of that kind.
'use strict';
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');

const [folder, file] = process.argv.slice(2);
const load = createRequire(join(folder, 'package.json'));

function modelOf({ apiVersion, kind }) {
  const module = apiVersion === 'monitoring.coreos.com/v1' ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
  if (!/^[\w.]+(\/\w+)?$/.test(apiVersion) || !/^\w+$/.test(kind)) return undefined;
  try {
    return load(`${module}/${apiVersion}/${kind}`)[kind];
  } catch (error) {
    if (!['MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'].includes(error.code)) throw error;
    return undefined;
  }
}

function watch(value, path, unknown) {
  if (value === null || typeof value !== 'object') return value;
  const children = new Map();
  for (const [key, child] of Object.entries(value)) {
    children.set(key, watch(child, `${path}/${key}`, unknown));
    unknown.add(`${path}/${key}`);
  }
  return new Proxy(value, {
    get(target, key, receiver) {
      unknown.delete(`${path}/${String(key)}`);
      return children.has(key) ? children.get(key) : Reflect.get(target, key, receiver);
    },
  });
}

function problemsOf(object) {
  const model = modelOf(object);
  if (model === undefined) return [`there is no ${object.kind} in ${object.apiVersion}`];
  const unknown = new Set();
  const problems = [];
  try {
    model.prototype.validate.call(watch(object, '', unknown));
  } catch (error) {
    problems.push(error.message);
  }
  // Below an unknown field nothing was asked for either.
  const fields = [...unknown].filter((path) => !unknown.has(path.slice(0, path.lastIndexOf('/'))));
  return [...problems, ...fields.map((path) => `${path} is no field`)];
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(file, 'utf8')).map(problemsOf)));
