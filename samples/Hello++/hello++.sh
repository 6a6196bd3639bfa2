#!/bin/sh
echo "hello from Hello++"
