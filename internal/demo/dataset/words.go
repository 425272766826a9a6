package dataset

// awkward is text that movers lose, cut or change: quotes, backslashes, delimiters, line ends, text that looks like a
// NULL marker, nothing at all, blanks at the end, letters of one to four bytes. Each fits into VARCHAR(30).
var awkward = []string{
	"", " ", "trailing blank ", "  both  ", "O'Brien", `"quoted"`, `say "hi"`, `back\slash`, `ends with \`, `\\`, `\"`, `\'`,
	`\N`, `\n`, "NULL", "null", "nil", "@NULL@", "NA", "N/A", "None", "''", `""`, "a|b", "|", "a,b", ",", "tab\there", "\t",
	"two\nlines", "\n", "dos\r\nline", "\r", "semi;colon", "--comment", "/* comment */", "$$", "$1", "{{name}}", "%s%n",
	"Zoë", "Łukasz", "Nguyễn", "Þórdís", "Иван", "Ελένη", "שרה", "محمد", "李小龍", "渡辺", "한지민", "नेहा", "ไพลิน",
	"e\u0301 or \u00e9", "\u200bzero width", "\u2028separator", "\ufeffmark", "🦊", "👩‍👩‍👧", "🇪🇺", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "\U0010fffd",
	"true", "f", "1e5", "-0", "2020-02-30", "Robert'); DROP TABLE users;--",
}

var opinions = []string{
	"great seats", "too loud", "late start", "worth it", "never again", "perfect sound", "cold hall", "long queue", "brilliant",
	"sold out", "good value", "overpriced", "friendly staff", "bad view", "encore", "refund please", "standing ovation",
}

var givenNames = []string{
	"Aaron", "Abigail", "Adam", "Aisha", "Alan", "Alice", "Amelia", "Amir", "Ana", "Andrew", "Angela", "Anna", "Anthony",
	"Arjun", "Barbara", "Beatriz", "Ben", "Brian", "Camille", "Carlos", "Catherine", "Charlotte", "Chen", "Chloe", "Claire",
	"Daniel", "David", "Deborah", "Diego", "Dmitri", "Dorothy", "Edward", "Elena", "Elizabeth", "Emily", "Emma", "Eric", "Ethan",
	"Eva", "Fatima", "Felix", "Fiona", "Frank", "Gabriel", "George", "Grace", "Hannah", "Harold", "Hassan", "Helen", "Henry",
	"Hiroshi", "Ian", "Ibrahim", "Ines", "Ingrid", "Isabel", "Ivan", "Jack", "Jacob", "James", "Jane", "Jason", "Jean-Luc",
	"Jennifer", "Jessica", "John", "Jonas", "Jose", "Joseph", "Julia", "Karen", "Karl", "Katherine", "Kevin", "Kim", "Laila",
	"Laura", "Leo", "Lily", "Linda", "Lucas", "Lucy", "Luis", "Maria", "Mark", "Martha", "Mary Ann", "Matthew", "Maya", "Mei",
	"Michael", "Miguel", "Mohamed", "Nadia", "Nancy", "Natalie", "Nicholas", "Nina", "Noah", "Nora", "Olga", "Oliver", "Olivia",
	"Omar", "Patricia", "Paul", "Pedro", "Peter", "Philip", "Priya", "Rachel", "Ravi", "Rebecca", "Richard", "Robert", "Rosa",
	"Ruth", "Ryan", "Samuel", "Sandra", "Sara", "Sean", "Sofia", "Stefan", "Stephen", "Susan", "Tariq", "Theresa", "Thomas",
	"Tim", "Tomas", "Ursula", "Valentina", "Victor", "Victoria", "Walter", "Wei", "William", "Yasmin", "Yuki", "Yusuf", "Zoe",
}

var familyNames = []string{
	"Adams", "Ahmed", "Allen", "Alvarez", "Anderson", "Bailey", "Baker", "Barnes", "Becker", "Bell", "Bennett", "Brooks", "Brown",
	"Butler", "Campbell", "Carter", "Castillo", "Chavez", "Chen", "Clark", "Cohen", "Collins", "Cook", "Cooper", "Cox", "Cruz",
	"D'Angelo", "Davis", "De La Cruz", "Diaz", "Dubois", "Edwards", "Evans", "Fischer", "Fisher", "Flores", "Foster", "Garcia",
	"Gomez", "Gonzalez", "Gray", "Green", "Gupta", "Hall", "Hansen", "Harris", "Hernandez", "Hill", "Hoffmann", "Howard", "Hughes",
	"Ivanov", "Jackson", "James", "Jenkins", "Jensen", "Johnson", "Jones", "Kelly", "Khan", "Kim", "King", "Kowalski", "Kumar",
	"Larsen", "Lee", "Lewis", "Li", "Long", "Lopez", "Martin", "Martinez", "Meyer", "Miller", "Mitchell", "Moore", "Morales",
	"Morgan", "Morris", "Murphy", "Myers", "Nakamura", "Nelson", "Nguyen", "Novak", "O'Connor", "O'Neill", "Okafor", "Olsen", "Ortiz",
	"Parker", "Patel", "Perez", "Perry", "Peterson", "Phillips", "Powell", "Price", "Ramirez", "Reed", "Reyes", "Richardson",
	"Rivera", "Roberts", "Robinson", "Rodriguez", "Rogers", "Ross", "Rossi", "Russell", "Sanchez", "Sanders", "Sato", "Schmidt",
	"Scott", "Silva", "Singh", "Smith", "Smith-Jones", "Stewart", "Sullivan", "Suzuki", "Tanaka", "Taylor", "Thomas", "Thompson",
	"Torres", "Turner", "Van Dyke", "Walker", "Wang", "Ward", "Watson", "Weber", "White", "Williams", "Wilson", "Wong", "Wood",
	"Wright", "Yamamoto", "Young", "Zhang", "Zimmerman",
}

var places = []string{
	"Albuquerque NM", "Anchorage AK", "Atlanta GA", "Augusta ME", "Austin TX", "Baltimore MD", "Baton Rouge LA", "Billings MT",
	"Birmingham AL", "Bismarck ND", "Boise ID", "Boston MA", "Buffalo NY", "Burlington VT", "Charleston SC", "Charleston WV",
	"Charlotte NC", "Cheyenne WY", "Chicago IL", "Cincinnati OH", "Cleveland OH", "Coeur d'Alene ID", "Columbus OH", "Concord NH",
	"Dallas TX", "Denver CO", "Des Moines IA", "Detroit MI", "El Paso TX", "Fargo ND", "Fresno CA", "Grand Rapids MI",
	"Hartford CT", "Honolulu HI", "Houston TX", "Indianapolis IN", "Jackson MS", "Jacksonville FL", "Kansas City MO",
	"King of Prussia PA", "Las Vegas NV", "Lincoln NE", "Little Rock AR", "Los Angeles CA", "Louisville KY", "Madison WI",
	"Memphis TN", "Miami FL", "Milwaukee WI", "Minneapolis MN", "Nashville TN", "New Orleans LA", "New York NY", "Newark NJ",
	"Norfolk VA", "Oakland CA", "Oklahoma City OK", "Omaha NE", "Philadelphia PA", "Phoenix AZ", "Pittsburgh PA", "Portland OR",
	"Providence RI", "Raleigh NC", "Reno NV", "Sacramento CA", "Saint Paul MN", "Salt Lake City UT", "San Antonio TX",
	"San Diego CA", "San Francisco CA", "San Jose CA", "Santa Fe NM", "Seattle WA", "Sioux Falls SD", "Spokane WA", "St. Louis MO",
	"Tampa FL", "Tucson AZ", "Tulsa OK", "Wichita KS", "Wilmington DE", "Winston-Salem NC",
}
