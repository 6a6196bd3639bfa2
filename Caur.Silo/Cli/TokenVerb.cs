using System.CommandLine;
using System.Globalization;
using Caur.Api.Audit;
using Caur.Api.Auth;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary><c>caur token</c>: works on the hub's data folder, beside a running hub.</summary>
internal static class TokenVerb
{
    private static readonly Option<TokenRole?> Role = new("--role")
    {
        Description = "ci schedules builds and removes packages, builder speaks for one builder, reader reads where that is not public, admin may do everything.",
        HelpName = "ci|builder|reader|admin",
        CustomParser = result =>
        {
            if (result.Tokens is [var token] && Enum.GetValues<TokenRole>().FirstOrDefault(role => IsName(role, token.Value)) is var found && IsName(found, token.Value))
            {
                return found;
            }

            result.AddError("--role wants ci, builder, reader or admin.");
            return null;
        },
        Required = true,
    };

    private static readonly Option<string?> Name = new("--name")
    {
        Description = "Whose it is; for a builder, the builder's name.",
        HelpName = "NAME",
    };

    private static readonly Option<TimeSpan?> Expires = new("--expires")
    {
        Description = "How long it lasts, as 90d, 12h or 30m. Default: it does not end.",
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (result.Tokens is [var token] && Durations.TryParse(token.Value, out var duration))
            {
                return duration;
            }

            result.AddError("--expires wants a number with d, h or m behind it, as 90d.");
            return null;
        },
    };

    private static readonly Option<string[]> Targets = new("--target-repo")
    {
        Description = "Binds a ci token to this target repository, as NAME or NAME/ARCH; may be given several times. Default: all of them.",
        HelpName = "NAME",
    };

    private static readonly Argument<string> Id = new("id") { Description = "The token's id, as 'caur token list' shows it." };

    public static Command Create(CliContext context) =>
        new("token", "Makes, lists and ends tokens, on the hub's machine.") { CreateCreate(context), CreateList(context), CreateRevoke(context) };

    private static Command CreateCreate(CliContext context)
    {
        var command = new Command("create", "Makes a token and prints it: it is shown once.") { Role, Name, Expires, Targets, CommonOptions.Data, CommonOptions.Json };
        command.SetAction(async (result, cancellationToken) =>
        {
            var order = new TokenOrder
            {
                Role = result.GetRequiredValue(Role)!.Value,
                Name = result.GetValue(Name) ?? "",
                Expires = result.GetValue(Expires) is { } lifetime ? context.Time.GetUtcNow() + lifetime : null,
                Targets = result.GetValue(Targets) ?? [],
            };
            if (TokenRules.Problem(order, context.Time.GetUtcNow()) is { } problem)
            {
                throw new FarmException(ExitCodes.Usage, $"{problem} (--role, --name, --target-repo)");
            }

            var store = Store(result, context);
            using var audit = Audit(result, context);
            var (record, token) = await AuditedAsync(
                audit, "caur token create", new { order.Role, order.Name, order.Expires, order.Targets }, async () =>
                {
                    var made = await store.CreateAsync(order, cancellationToken);
                    return (made, $"made the token {made.Record.Id}");
                });
            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, new { record.Id, record.Role, record.Name, Targets = record.Targets ?? [], record.Created, record.Expires, token });
            }
            else
            {
                // The token alone goes to the output, for TOKEN=$(caur token create ...).
                context.Error.WriteLine($"Token {record.Id}, role {Word(record.Role)}, {Ends(record)}. It is shown this once:");
                context.Out.WriteLine(token);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateList(CliContext context)
    {
        var command = new Command("list", "Lists the tokens, without what they are.") { CommonOptions.Data, CommonOptions.Json };
        command.SetAction(result =>
        {
            var records = List(Store(result, context));

            // As the hub wrote it last: a minute ago at most.
            var uses = new TokenUses(Path.Combine(result.DataFolder(context), "tokens.used.json"));
            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, records.Select(record => new
                {
                    record.Id,
                    record.Role,
                    record.Name,
                    Targets = record.Targets ?? [],
                    record.Created,
                    record.Expires,
                    LastUsed = uses.Last(record.Id),
                }));
                return ExitCodes.Ok;
            }

            var now = context.Time.GetUtcNow();
            var table = context.NewTable("ID", "ROLE", "NAME", "BOUND TO", "CREATED", "USED", "EXPIRES");
            foreach (var record in records)
            {
                table.AddRow(
                    new Text(record.Id), new Text(Word(record.Role)), new Text(record.Name), new Text(string.Join(' ', record.Targets ?? [])),
                    new Text(Day(record.Created)), new Text(uses.Last(record.Id) is { } used ? Day(used) : "never"),
                    new Text(record.Expires is { } expires ? Day(expires) + (expires <= now ? " (ended)" : "") : "never"));
            }

            context.Write(table);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateRevoke(CliContext context)
    {
        var command = new Command("revoke", "Ends a token at once.") { Id, CommonOptions.Data, CommonOptions.Json };
        command.SetAction(async (result, cancellationToken) =>
        {
            var id = result.GetRequiredValue(Id);
            var store = Store(result, context);
            List(store);
            using var audit = Audit(result, context);
            var done = await AuditedAsync(audit, "caur token revoke", new { id }, async () =>
            {
                var revoked = await store.RevokeAsync(id, cancellationToken);
                return (revoked, revoked ? $"ended the token {id}" : "there is no such token");
            });
            if (!done)
            {
                throw new FarmException(ExitCodes.Failed, $"there is no token '{id}'; 'caur token list' shows which there are");
            }

            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, new { id, ended = true });
            }
            else
            {
                context.Out.WriteLine($"Token {id} is ended.");
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static TokenStore Store(ParseResult result, CliContext context)
    {
        var folder = result.DataFolder(context);
        return Directory.Exists(folder)
            ? new TokenStore(Path.Combine(folder, "tokens.json"), context.Time)
            : throw new FarmException(ExitCodes.Failed, $"there is no data folder {folder}. Run this on the hub's machine and name its data folder: --data or CAUR_DATA.");
    }

    private static AuditLog Audit(ParseResult result, CliContext context) =>
        new(Path.Combine(result.DataFolder(context), "audit.log"), new AuditOptions { Files = int.MaxValue }, context.Time);

    private static async Task<T> AuditedAsync<T>(AuditLog audit, string verb, object what, Func<Task<(T Result, string Outcome)>> act)
    {
        try
        {
            return await LocalAudit.RunAsync(audit, verb, what, act);
        }
        catch (AuditException error)
        {
            throw new FarmException(ExitCodes.Failed, $"nothing was done: {error.Message}", error);
        }
    }

    private static IReadOnlyList<TokenRecord> List(TokenStore store)
    {
        try
        {
            return store.List();
        }
        catch (IOException error)
        {
            throw new FarmException(ExitCodes.Failed, error.Message, error);
        }
    }

    private static bool IsName(TokenRole role, string text) => Word(role) == text.ToLowerInvariant();

    private static string Word(TokenRole role) => role.ToString().ToLowerInvariant();

    private static string Ends(TokenRecord record) => record.Expires is { } expires ? $"until {Day(expires)}" : "without end";

    private static string Day(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
