#!/bin/bash
echo "prepare: nobody, prepend: @prepended@, append: @appended@"
