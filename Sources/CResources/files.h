// Written by `make resources`: one array for each file of Resources/ that the binary carries, and their list.
static const unsigned char file_Migrations_0001_house_sql[] = {
#embed "../../Resources/Migrations/0001_house.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_messages_0001_messages_sql[] = {
#embed "../../Resources/Migrations/messages/0001_messages.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_openapi_json[] = {
#embed "../../Resources/openapi.json" suffix(, 0) if_empty(0)
};
#define FILES(FILE) \
  FILE("Migrations/0001_house.sql", file_Migrations_0001_house_sql) \
  FILE("Migrations/messages/0001_messages.sql", file_Migrations_messages_0001_messages_sql) \
  FILE("openapi.json", file_openapi_json)
