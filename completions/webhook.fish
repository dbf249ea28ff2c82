complete --keep-order --exclusive --command webhook --arguments "(COMPLETE=fish webhook -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
