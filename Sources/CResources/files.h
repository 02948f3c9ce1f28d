// Written by `make resources`: one array for each file of Resources/ that the binary carries, and their list.
#define FILES(FILE)
