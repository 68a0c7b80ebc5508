"""What fills a checkout beside the files of its commit: `.git`, submodules, large files, and what it leaves behind."""
