"""What begins by the clock: files of schedules, the times that cron means, and firings that happen once."""
