#!/bin/bash
echo "hello from a script${1:+, $1}"
