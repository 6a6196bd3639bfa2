using System.CommandLine;
using System.Globalization;
using Caur.Api.Auth;
using Caur.Silo.Cli.Tokens;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary><c>caur token</c>: by the hub that is named, or on its data folder.</summary>
internal static class TokenVerb
{
    private const string Description =
        """
        Makes, lists and ends tokens.

        At the hub that --server, --token, CAUR_URL or CAUR_TOKEN names, with an admin's token; else in the data folder of this machine's hub, also
        before its first start. --data always means the folder.
        """;

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

            result.AddError(Durations.Wanted("--expires", result.Tokens is [var given] ? given.Value : "", "90d"));
            return null;
        },
    };

    private static readonly Option<string[]> Targets = new("--target-repo")
    {
        Description = "Binds a ci token to this target repository, as NAME or NAME/ARCH; may be given several times. Default: all of them.",
        HelpName = "NAME",
    };

    private static readonly Argument<string> Id = new("id") { Description = "The token's id, as 'caur token list' shows it." };

    private static readonly Option<string?> Builder = new("--builder")
    {
        Description = "Binds a builder's token to the builder of this name; the same as --name there.",
        HelpName = "NAME",
    };

    public static Command Create(CliContext context) => new("token", Description) { CreateCreate(context), CreateList(context), CreateRevoke(context) };

    private static Command CreateCreate(CliContext context) => CreateVerb(
        context, "create", "Makes a token and prints it: it is shown once.", [Role, Name, Expires, Targets, Builder], async (result, tokens, cancellationToken) =>
        {
            var order = new TokenOrder
            {
                Role = result.GetRequiredValue(Role)!.Value,
                Name = NameOf(result),
                Expires = result.GetValue(Expires) is { } lifetime ? context.Time.GetUtcNow() + lifetime : null,
                Targets = result.GetValue(Targets) ?? [],
            };
            if (TokenRules.Problem(order, context.Time.GetUtcNow()) is { } problem)
            {
                throw new FarmException(ExitCodes.Usage, $"{problem} (--role, --name, --target-repo, --builder)");
            }

            var made = await tokens.CreateAsync(order, cancellationToken);
            foreach (var note in made.Notes)
            {
                context.Error.WriteLine($"note: {note}");
            }

            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, new { made.Id, made.Role, made.Name, made.Targets, made.Created, made.Expires, made.Token, made.Notes });
            }
            else
            {
                // The token alone goes to the output, for TOKEN=$(caur token create ...).
                context.Error.WriteLine($"Token {made.Id}, role {Word(made.Role)}, {Ends(made)}. It is shown this once:");
                context.Out.WriteLine(made.Token);
            }

            return ExitCodes.Ok;
        });

    private static Command CreateList(CliContext context) => CreateVerb(
        context, "list", "Lists the tokens, without what they are.", [], async (result, tokens, cancellationToken) =>
        {
            var all = await tokens.ListAsync(cancellationToken);
            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, all.Select(one => new { one.Id, one.Role, one.Name, one.Targets, one.Created, one.Expires, one.LastUsed }));
                return ExitCodes.Ok;
            }

            var table = context.NewTable("ID", "ROLE", "NAME", "BOUND TO", "CREATED", "USED", "EXPIRES");
            foreach (var one in all)
            {
                table.AddRow(
                    new Text(one.Id), new Text(Word(one.Role)), new Text(one.Name), new Text(string.Join(' ', one.Targets)),
                    new Text(Day(one.Created)), new Text(one.LastUsed is { } used ? Day(used) : "never"),
                    new Text(one.Expires is { } expires ? Day(expires) + (one.Ended ? " (ended)" : "") : "never"));
            }

            context.Write(table);
            return ExitCodes.Ok;
        });

    private static Command CreateRevoke(CliContext context) => CreateVerb(
        context, "revoke", "Ends a token at once.", [Id], async (result, tokens, cancellationToken) =>
        {
            var id = result.GetRequiredValue(Id);
            if (!await tokens.RevokeAsync(id, cancellationToken))
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

    private static Command CreateVerb(
        CliContext context, string name, string description, IEnumerable<Symbol> symbols, Func<ParseResult, ITokens, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description);
        FarmVerb.AddSymbols(command, symbols);
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var tokens = Tokens(result, context);
            return await run(result, tokens, cancellationToken);
        });
        return command;
    }

    /// <summary>The data folder where one is named, or where nothing names a hub: it needs no token, so the first one comes from there.</summary>
    private static ITokens Tokens(ParseResult result, CliContext context) =>
        result.GetValue(CommonOptions.Data) is null && NamesHub(result, context)
            ? new FarmTokens(result.Farm(context))
            : new FolderTokens(result.DataFolder(context), context);

    private static bool NamesHub(ParseResult result, CliContext context) =>
        (result.GetValue(CommonOptions.Server) ?? result.GetValue(CommonOptions.Token) ?? context.Variable("CAUR_URL") ?? context.Variable("CAUR_TOKEN")) is { Length: > 0 }
        || CommonOptions.Tunnel(CommonOptions.Address(CommonOptions.DefaultServer), context) is not null;

    private static string NameOf(ParseResult result)
    {
        var (name, builder) = (result.GetValue(Name), result.GetValue(Builder));
        if (builder is null)
        {
            return name ?? "";
        }

        return result.GetRequiredValue(Role) != TokenRole.Builder ? throw new FarmException(ExitCodes.Usage, "--builder goes with --role builder")
            : name is not null && name != builder ? throw new FarmException(ExitCodes.Usage, "--name and --builder name two builders, and a token is for one")
            : builder;
    }

    private static bool IsName(TokenRole role, string text) => Word(role) == text.ToLowerInvariant();

    private static string Word(TokenRole role) => role.ToString().ToLowerInvariant();

    private static string Ends(TokenView token) => token.Expires is { } expires ? $"until {Day(expires)}" : "without end";

    private static string Day(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
