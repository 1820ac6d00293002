"""What each server costs, beside level-triggered epoll."""
