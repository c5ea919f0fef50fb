module partnerhub

go 1.26
